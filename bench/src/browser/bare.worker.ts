import init from '@sqlite.org/sqlite-wasm';
import { makeTasks } from '../rows.ts';

/** Rows of one statement and one transaction, as a page of the server brings them. */
const AT_ONCE = 1_000;

/** SQLite's WebAssembly build alone, on the same storage: rows by `json_each`, nothing else. */
const bareInserts = async (rows: number): Promise<number> => {
  const sqlite3 = await init();
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: 'bare', directory: 'bare' });
  const db = new pool.OpfsSAHPoolDb('/bare.sqlite');
  db.exec(
    'pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -16384;' +
      'drop table if exists tasks;' +
      'create table tasks (id text primary key, project_id text, title text, body text, done integer, priority integer, updated_at integer);' +
      'create index tasks_by_priority on tasks (project_id, priority)',
  );
  const texts: string[] = [];
  const tasks = makeTasks(rows);
  for (let from = 0; from < rows; from += AT_ONCE)
    texts.push(
      JSON.stringify(
        tasks
          .slice(from, from + AT_ONCE)
          .map(({ id, projectId, title, body, done, priority, updatedAt }) => [
            id,
            projectId,
            title,
            body,
            done ? 1 : 0,
            priority,
            updatedAt,
          ]),
      ),
    );
  const startedAt = performance.now();
  for (const text of texts)
    db.exec({
      sql: 'insert into tasks select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6 from json_each(?)',
      bind: [text],
    });
  const ms = performance.now() - startedAt;
  db.close();
  await pool.removeVfs();
  return ms;
};

addEventListener('message', ({ data }: MessageEvent<number>) => {
  bareInserts(data).then(
    (ms) => postMessage({ ms }),
    (error) => postMessage({ error: String(error) }),
  );
});
