import type { App } from '@satchel/schema';
import {
  createServer,
  type Database,
  developmentIssuer,
  type SatchelServer,
  silentLog,
  systemClock,
  systemRandom,
} from '@satchel/server';
import { loadRows, type RowsByTable } from '@satchel/testing/load-rows';
import { type Front, type Session, serveFront } from './serve-front.ts';

/** Seconds that a token of the demonstration lives. */
const MONTH = 30 * 24 * 3_600;

/** Who may sign in to a demonstration, by user id; the first is whoever names nobody. */
export type People = Readonly<
  Record<
    string,
    {
      readonly name: string;
      readonly roles: readonly string[];
      readonly claims: Readonly<Record<string, string>>;
      /** The way in, where the app tells ways apart. */
      readonly channel?: string;
    }
  >
>;

export interface StartFront {
  readonly app: App;
  readonly seed: RowsByTable;
  readonly people: People;
  readonly database: Database | string;
  /** A built front. */
  readonly directory: string;
  /** Where a page finds front and server again, and the secret that its token was signed with; default new ones. */
  readonly place?: Place;
}

/** What outlives the process, so that a page goes on with the server that comes after it. */
export interface Place {
  /** 0: any. */
  readonly frontPort: number;
  readonly serverPort: number;
  readonly secret: string;
}

export interface FrontService {
  readonly front: Front;
  readonly server: SatchelServer;
  stop(): Promise<void>;
}

/** A server over a database with its seed, and the front that speaks with it. */
export const startFront = async (given: StartFront): Promise<FrontService> => {
  const { app, people, place, seed } = given;
  const issuer = developmentIssuer({
    clock: systemClock,
    random: systemRandom,
    ...(place ? { secret: place.secret } : {}),
  });
  const windows = Object.entries(people).map(([id, { name }]) => ({ id, name }));
  let server: SatchelServer | undefined;
  const session = async (as: string): Promise<Session | undefined> => {
    const id = as === '' ? (windows[0]?.id ?? '') : as;
    const person = people[id];
    if (!person || !server) return undefined;
    const { channel, claims, name, roles } = person;
    const token = await issuer.issue({
      userId: id,
      roles: [...roles],
      claims: { ...claims },
      lifetime: MONTH,
      ...(channel === undefined ? {} : { channel }),
    });
    return { server: server.url, token, user: { id, name, claims }, windows };
  };
  const front = await serveFront({
    directory: given.directory,
    session,
    port: place?.frontPort ?? 0,
  });
  const started = await createServer({
    app,
    database: given.database,
    auth: issuer.auth,
    port: place?.serverPort ?? 0,
    corsOrigins: [front.url],
    log: silentLog,
  });
  server = started;
  await loadRows(started.ctx.db, app, seed);
  return {
    front,
    server: started,
    async stop() {
      await front.close();
      await started.stop();
    },
  };
};
