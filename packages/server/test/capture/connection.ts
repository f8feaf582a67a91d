import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** One connection of a plain program that knows nothing of Satchel: it opens its own transactions. */
export interface Connection {
  run(text: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Starts a statement and resolves when the server has it waiting for a lock. */
  runUntilBlocked(text: string): Promise<{ readonly done: Promise<Record<string, unknown>[]> }>;
  close(): Promise<void>;
}

export const connect = async (url: string): Promise<Connection> => {
  const client = new pg.Client({ connectionString: url });
  const observer = new pg.Client({ connectionString: url });
  await client.connect();
  await observer.connect();
  const { rows: pids } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const pid = pids[0]!.pid;
  const run: Connection['run'] = async (text, parameters = []) =>
    (await client.query<Record<string, unknown>>(text, [...parameters])).rows;
  return {
    run,
    runUntilBlocked: async (text) => {
      let settled = false;
      const done = run(text).finally(() => {
        settled = true;
      });
      // Whoever awaits `done` hears of it; until then it must not end the process.
      done.catch(() => undefined);
      for (;;) {
        const { rows } = await observer.query<{ waits: boolean }>(
          `select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = $1`,
          [pid],
        );
        if (rows[0]?.waits) return { done };
        if (settled) throw new Error(`not blocked: ${text}`);
        await pause(2);
      }
    },
    close: async () => {
      await client.end();
      await observer.end();
    },
  };
};
