import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import pg from 'pg';
import { insertFromJson } from '../load.ts';
import { percentile } from '../measure/statistics.ts';
import { makeTasks } from '../rows.ts';

/* The machine's limit of the server: PostgreSQL alone, on one connection, nothing captured. */

const BARE = `create table bare_tasks (id text primary key, project_id text not null, title text not null,
  body text not null, done boolean not null, priority bigint not null, updated_at timestamptz not null);
  create index on bare_tasks (project_id, priority)`;

const connected = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

export interface PostgresLimits {
  /** Rows a second, 1,000 an insert, each committed. */
  readonly insertFromJson: number;
  /** Rows a second as JSON text through COPY. */
  readonly copyOut: number;
}

export const postgresLimits = (url: string, rows: number): Promise<PostgresLimits> =>
  connected(url, async (client) => {
    await client.query(`drop table if exists bare_tasks; ${BARE}`);
    const tasks = makeTasks(rows, 3);
    const texts: string[] = [];
    for (let from = 0; from < rows; from += 1_000)
      texts.push(JSON.stringify(tasks.slice(from, from + 1_000)));
    const text = insertFromJson('bare_tasks');
    const start = performance.now();
    for (const values of texts) await client.query({ name: 'bare_insert', text, values: [values] });
    const inserted = performance.now() - start;
    const copyStart = performance.now();
    await copyOut(client, 'copy (select row_to_json(t) from bare_tasks t) to stdout');
    const copied = performance.now() - copyStart;
    await client.query('drop table bare_tasks');
    return { insertFromJson: (rows * 1_000) / inserted, copyOut: (rows * 1_000) / copied };
  });

/** Reads a COPY to its end and throws the bytes away, through the protocol messages that `pg` passes on. */
const copyOut = (client: pg.Client, text: string): Promise<number> =>
  new Promise((done, failed) => {
    let bytes = 0;
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    const heard = (message: { readonly chunk: Buffer }): void => {
      bytes += message.chunk.length;
    };
    connection.on('copyData', heard);
    client.query(text).then(() => {
      connection.off('copyData', heard);
      done(bytes);
    }, failed);
  });

export interface NotifyLimits {
  /** Milliseconds from the UPDATE to the notification at another connection. */
  readonly p50: number;
  readonly p95: number;
}

/** One committed UPDATE and NOTIFY, heard by another connection. */
export const updateAndNotify = (url: string, times: number): Promise<NotifyLimits> =>
  connected(url, (writer) =>
    connected(url, async (reader) => {
      await writer.query(`drop table if exists bare_tasks; ${BARE}`);
      await writer.query(insertFromJson('bare_tasks'), [JSON.stringify(makeTasks(100, 3))]);
      const { rows } = await writer.query<{ id: string }>('select id from bare_tasks');
      await reader.query('listen bare');
      const took: number[] = [];
      for (let at = 0; at < times; at++) {
        const heard = new Promise<void>((done) => reader.once('notification', () => done()));
        const start = performance.now();
        await writer.query('begin');
        await writer.query({
          name: 'bare_update',
          text: 'update bare_tasks set title = $1 where id = $2',
          values: [`Edited ${at}`, rows[at % rows.length]!.id],
        });
        await writer.query('notify bare');
        await writer.query('commit');
        await heard;
        took.push(performance.now() - start);
      }
      await writer.query('drop table bare_tasks');
      return { p50: percentile(took, 0.5), p95: percentile(took, 0.95) };
    }),
  );

/** Milliseconds for so many rows: JSON from PostgreSQL by key, parsed, and laid over rows that SQLite has. */
export const changedRows = (url: string, directory: string, rows: number): Promise<number> =>
  connected(url, async (client) => {
    const { rows: found } = await client.query<{ id: string }>(
      'select id from public.tasks order by id limit $1',
      [rows],
    );
    const keys = found.map(({ id }) => id);
    const text =
      'select json_agg(json_build_array(t.id, t.title, t.body))::text as rows from unnest($1::text[]) k join public.tasks t on t.id = k';
    await client.query({ name: 'changed', text, values: [keys] });
    const db = new Sqlite(join(directory, 'changed.sqlite'));
    db.pragma('journal_mode = wal');
    db.pragma('synchronous = normal');
    db.exec('create table tasks (id text primary key not null, title text not null, body text not null)');
    const upsert = db.prepare(
      'insert into tasks values (?, ?, ?) on conflict (id) do update set title = excluded.title, body = excluded.body',
    );
    const take = db.transaction((list: readonly (readonly [string, string, string])[]) => {
      for (const row of list) upsert.run(row);
    });
    take(keys.map((key) => [key, '', ''] as const));
    const start = performance.now();
    const answer = await client.query<{ rows: string }>({ name: 'changed', text, values: [keys] });
    take(JSON.parse(answer.rows[0]!.rows) as [string, string, string][]);
    const took = performance.now() - start;
    db.close();
    return took;
  });
