import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { percentile } from '../measure/statistics.ts';
import { INSERT_TASK, makeTasks, taskParameters } from '../rows.ts';

/*
 * The machine's limit of a device: better-sqlite3 alone, the same rows and indexes,
 * the same journal and `synchronous`.
 */

export interface SqliteLimit {
  readonly directory: string;
  readonly rows: number;
  /** Rows of one transaction. */
  readonly perTransaction: number;
  readonly synchronous: 'full' | 'normal';
}

const open = (directory: string, synchronous: 'full' | 'normal'): Sqlite.Database => {
  const db = new Sqlite(join(directory, `bare-${process.hrtime.bigint()}.sqlite`));
  db.pragma('journal_mode = wal');
  db.pragma(`synchronous = ${synchronous}`);
  db.exec(`create table tasks (id text primary key not null, project_id text not null, title text not null,
    body text not null, done integer not null, priority integer not null, updated_at integer not null);
    create index tasks_by_project on tasks (project_id, priority)`);
  return db;
};

/** Milliseconds for the inserts. */
export const bareInserts = ({ directory, rows, perTransaction, synchronous }: SqliteLimit): number => {
  const db = open(directory, synchronous);
  const parameters = makeTasks(rows).map(taskParameters);
  const insert = db.prepare(INSERT_TASK);
  const start = performance.now();
  for (let from = 0; from < rows; from += perTransaction) {
    db.exec('begin immediate');
    for (let at = from; at < Math.min(rows, from + perTransaction); at++) insert.run(parameters[at]!);
    db.exec('commit');
  }
  const took = performance.now() - start;
  db.close();
  return took;
};

/** Milliseconds for updates of one text column by key, each row once, in rows that are there. */
export const bareUpdates = ({ directory, rows, perTransaction, synchronous }: SqliteLimit): number => {
  const db = open(directory, synchronous);
  const tasks = makeTasks(rows);
  const insert = db.prepare(INSERT_TASK);
  db.transaction(() => {
    for (const task of tasks) insert.run(taskParameters(task));
  })();
  db.pragma('wal_checkpoint(truncate)');
  const update = db.prepare('update tasks set title = ? where id = ?');
  const start = performance.now();
  for (let from = 0; from < rows; from += perTransaction) {
    db.exec('begin immediate');
    for (let at = from; at < Math.min(rows, from + perTransaction); at++)
      update.run(`Edited ${at}`, tasks[at]!.id);
    db.exec('commit');
  }
  const took = performance.now() - start;
  db.close();
  return took;
};

export interface ReadLimits {
  /** Microseconds of a row by its id, at the median. */
  readonly get: number;
  /** Milliseconds of the first 50 of a project. */
  readonly list: number;
}

export const bareReads = (directory: string, rows: number): ReadLimits => {
  const db = open(directory, 'full');
  const tasks = makeTasks(rows);
  const insert = db.prepare(INSERT_TASK);
  db.transaction(() => {
    for (const task of tasks) insert.run(taskParameters(task));
  })();
  const get = db.prepare('select * from tasks where id = ?');
  const list = db.prepare('select * from tasks where project_id = ? order by priority limit 50');
  const times = (count: number, work: (at: number) => unknown): number => {
    const took: number[] = [];
    for (let at = 0; at < count; at++) {
      const start = performance.now();
      work(at);
      took.push(performance.now() - start);
    }
    return percentile(took, 0.5);
  };
  const one = times(5_000, (at) => get.get(tasks[(at * 7_919) % rows]!.id));
  const fifty = times(500, (at) => list.all(`p${at % 10}`));
  db.close();
  return { get: one * 1_000, list: fifty };
};
