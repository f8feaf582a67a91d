import { Writable } from 'node:stream';
import type { Json } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { createLog } from '../../src/http/log.ts';
import { developmentIssuer } from '../../src/operate/development-issuer.ts';
import type { TokenRequest } from '../../src/operate/token.ts';
import type { Queryable } from '../../src/postgres/database.ts';
import { createServer, type SatchelServer, type ServerOptions } from '../../src/server.ts';
import { systemClock, systemRandom } from '../../src/system.ts';
import { type Answer, type Ask, ask } from '../http-fixture.ts';

/** A real server of an app on a database of its own, and ways to ask it. */
export interface DialectFixture {
  readonly server: SatchelServer;
  readonly database: TestDatabase;
  readonly log: readonly string[];
  token(request: Partial<TokenRequest>): Promise<string>;
  as(token: string): Asking;
  sql(text: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** JSON as tests look into it. */
export type Told = { readonly [name: string]: Json };

export interface Asking {
  readonly token: string;
  ask(path: string, options?: Ask): Promise<Answer>;
  /** A good answer's JSON. */
  post<T = Told>(path: string, body: unknown): Promise<T>;
  get<T = Told>(path: string): Promise<T>;
}

export const openDialects = async (
  app: App,
  options: Partial<ServerOptions> = {},
): Promise<DialectFixture> => {
  const database = await testDatabase();
  const log: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString());
      done();
    },
  });
  const issuer = developmentIssuer({ clock: systemClock, random: systemRandom });
  const server = await createServer({
    app,
    database: database.url,
    auth: issuer.auth,
    log: createLog({ destination, level: 'debug' }),
    limits: { requestsPerMinute: 1_000_000 },
    rate: { perAddress: 1_000_000 },
    ...options,
  });
  const request = (path: string, token: string, given: Ask) => ask(`${server.url}${path}`, token, given);
  const good = (path: string, answer: Answer): unknown => {
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  return {
    server,
    database,
    log,
    token: ({ userId = 'ana', ...rest }) => issuer.issue({ userId, ...rest }),
    as: (token) => ({
      token,
      ask: (path, given = {}) => request(path, token, given),
      post: async <T>(path: string, body: unknown) => good(path, await request(path, token, { body })) as T,
      get: async <T>(path: string) => good(path, await request(path, token, {})) as T,
    }),
    sql: async (text, parameters = []) => [
      ...(await (database.db as Queryable).query<Record<string, unknown>>(text, parameters)).rows,
    ],
    close: async () => {
      await server.stop(0);
      await database.drop();
    },
  };
};
