import { invariant } from '@satchel/protocol';
import { createServer, type SatchelServer, silentLog } from '@satchel/server';
import { benchApp } from '../bench-app.ts';

/* Runs in the server's process. */

let server: SatchelServer | undefined;

/** Starts the server of the benchmarks; returns its port. Only the rate limit is not as in production: one user asks for many. */
export const start = async (database: string, secret: string): Promise<number> => {
  server = await createServer({
    app: benchApp,
    database,
    auth: { keys: { kind: 'secret', secret } },
    host: '127.0.0.1',
    limits: { requestsPerMinute: 10_000_000 },
    log: silentLog,
  });
  return server.port;
};

export const stop = async (): Promise<void> => {
  invariant(server, 'the server was not started');
  await server.stop(1_000);
};
