import type { Queryable } from '@satchel/server';
import { makeTasks, type Task } from './rows.ts';

/** Rows of one insert. */
const ROWS_AT_ONCE = 5_000;

/** Inserts rows from one JSON parameter: the fastest way in through an ordinary connection. */
export const insertFromJson = (table: string): string =>
  `insert into ${table} (id, project_id, title, body, done, priority, updated_at)
   select r."id", r."projectId", r."title", r."body", r."done", r."priority",
     timestamptz 'epoch' + r."updatedAt" * interval '1 millisecond'
   from json_to_recordset($1::json) as r("id" text, "projectId" text, "title" text, "body" text,
     "done" boolean, "priority" bigint, "updatedAt" bigint)`;

/** Writes tasks by plain SQL, as any other program would: capture sees it. */
export const loadTasks = async (db: Queryable, rows: number, table = 'public.tasks'): Promise<void> => {
  const tasks = makeTasks(rows);
  for (let from = 0; from < rows; from += ROWS_AT_ONCE)
    await insertTasks(db, tasks.slice(from, from + ROWS_AT_ONCE), table);
};

export const insertTasks = (
  db: Queryable,
  tasks: readonly Task[],
  table = 'public.tasks',
): Promise<unknown> => db.query(insertFromJson(table), [JSON.stringify(tasks)]);
