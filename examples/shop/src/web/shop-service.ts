import {
  createServer,
  type Database,
  developmentIssuer,
  type SatchelServer,
  silentLog,
  systemClock,
  systemRandom,
} from '@satchel/server';
import app from '../app.ts';
import { shopSeed } from './seed.ts';
import { type Front, type Session, serveFront } from './serve-front.ts';

const MONTH = 30 * 24 * 3_600;

/** Who may sign in to the demonstration. */
const PEOPLE: Readonly<Record<string, { readonly name: string; readonly roles: readonly string[] }>> = {
  staff: { name: 'Till 1', roles: ['staff'] },
  staff2: { name: 'Till 2', roles: ['staff'] },
  manager: { name: 'Office', roles: ['manager'] },
};

export interface ShopService {
  readonly front: Front;
  readonly server: SatchelServer;
  stop(): Promise<void>;
}

/** The shop: a server over a database with its seed, and the front that speaks with it. */
export const startShop = async (given: {
  readonly database: Database | string;
  /** A built front. */
  readonly directory: string;
  readonly port?: number;
}): Promise<ShopService> => {
  const issuer = developmentIssuer({ clock: systemClock, random: systemRandom });
  let server: SatchelServer | undefined;
  const session = async (as: string): Promise<Session | undefined> => {
    const id = as === '' ? 'staff' : as;
    const person = PEOPLE[id];
    if (!person || !server) return undefined;
    const token = await issuer.issue({
      userId: id,
      roles: [...person.roles],
      claims: { storeId: '42' },
      lifetime: MONTH,
    });
    return { server: server.url, token, user: { id, name: person.name, storeId: '42' } };
  };
  const front = await serveFront({
    directory: given.directory,
    session,
    ...(given.port === undefined ? {} : { port: given.port }),
  });
  const started = await createServer({
    app,
    database: given.database,
    auth: issuer.auth,
    corsOrigins: [front.url],
    log: silentLog,
  });
  server = started;
  for (const { sql, parameters } of shopSeed()) await started.ctx.db.query(sql, [...parameters]);
  return {
    front,
    server: started,
    async stop() {
      await front.close();
      await started.stop();
    },
  };
};
