import { createServer as createNetServer } from 'node:net';
import type { Json } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { createServer, type Log, type SatchelServer, signToken, systemClock } from '@satchel/server';

export const SECRET = 'a secret of the whole-system tests, long enough';

export interface Service {
  readonly server: SatchelServer;
  /** What the server logged as an error: a bug, whatever the test says. */
  readonly errors: readonly string[];
  stop(): Promise<void>;
}

/** A whole server on one port; `silent` where the test takes its database away on purpose. */
export const startService = async (options: {
  readonly app: App;
  readonly database: string;
  readonly port?: number;
}): Promise<Service> => {
  const errors: string[] = [];
  const note = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    const error = fields.err ?? fields.error;
    errors.push(
      `${message} ${error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(fields)}`,
    );
  };
  const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: note };
  const server = await createServer({
    app: options.app,
    database: options.database,
    auth: { keys: { kind: 'secret', secret: SECRET } },
    port: options.port ?? 0,
    limits: { requestsPerMinute: 1_000_000 },
    log,
  });
  return { server, errors, stop: () => server.stop(1_000) };
};

export const tokenOf = (
  userId: string,
  roles: readonly string[] = [],
  claims: Readonly<Record<string, Json>> = {},
): Promise<string> => signToken(SECRET, { userId, roles, claims }, systemClock);

/** A port that is free now, for a server that has to come back on it. */
export const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const probe = createNetServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? done(address.port) : failed(new Error('no port')),
      );
    });
  });
