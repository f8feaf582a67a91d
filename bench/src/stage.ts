import { type Database, openDatabase } from '@satchel/server';
import type { Measured } from './benchmark.ts';
import type { Child } from './child.ts';
import { nowMs } from './measure/statistics.ts';
import { postgresCpu, postgresMemory, type Usage, usedSince } from './measure/usage.ts';
import type { DeviceSettings } from './work/device-side.ts';
import type { World } from './world.ts';

const SERVER = new URL('./work/server-side.js', import.meta.url).href;
export const DEVICE = new URL('./work/device-side.js', import.meta.url).href;

/** Milliseconds between two looks at the memory of PostgreSQL. */
const LOOK_EVERY = 500;

/** A database, the server over it, and the processes of its clients. */
export class Stage {
  readonly world: World;
  /** For plain SQL, beside the server. */
  readonly db: Database;
  readonly database: string;
  readonly server: Child;
  readonly url: string;

  private constructor(world: World, given: Pick<Stage, 'db' | 'database' | 'server' | 'url'>) {
    this.world = world;
    this.db = given.db;
    this.database = given.database;
    this.server = given.server;
    this.url = given.url;
  }

  static async open(world: World, database: string): Promise<Stage> {
    const server = world.child();
    const port = await server.call<number>(SERVER, 'start', database, world.secret);
    const db = await openDatabase(database);
    return new Stage(world, { db, database, server, url: `http://127.0.0.1:${port}` });
  }

  /** A process with a device of this user, on a new database. */
  async device(userId: string, settings: Partial<DeviceSettings> = {}): Promise<Child> {
    const child = this.world.child();
    await this.reopen(child, { userId, directory: await this.world.newFolder(), ...settings });
    return child;
  }

  /** Opens a device in a process. */
  async reopen(
    child: Child,
    settings: Partial<DeviceSettings> & { readonly userId: string; readonly directory: string },
  ): Promise<void> {
    const token = settings.token ?? (await this.world.token(settings.userId));
    await child.call(DEVICE, 'openDevice', { ...settings, token, server: this.url });
  }

  /** Runs it and says what it took: milliseconds, and what each side used. */
  async measure(
    clients: readonly Child[],
    work: () => Promise<unknown>,
  ): Promise<{ readonly ms: number; readonly usage: NonNullable<Measured['usage']> }> {
    const postmaster = this.world.postgres.pid;
    const look = () => Promise.all([this.server.usage(), ...clients.map((client) => client.usage())]);
    const before = await look();
    const cpuBefore = postgresCpu(postmaster);
    let memory = postgresMemory(postmaster);
    const timer = setInterval(() => {
      const now = postgresMemory(postmaster);
      if (now !== null) memory = Math.max(memory ?? 0, now);
    }, LOOK_EVERY);
    const start = nowMs();
    let ms: number;
    try {
      await work();
      ms = nowMs() - start;
    } finally {
      clearInterval(timer);
    }
    const cpuAfter = postgresCpu(postmaster);
    const after = await look();
    const [server, ...rest] = after.map((usage, at) => usedSince(before[at]!, usage));
    return {
      ms,
      usage: {
        server: server!,
        ...(rest.length > 0 ? { client: summed(rest) } : {}),
        ...(cpuBefore === null || cpuAfter === null
          ? {}
          : { postgres: { cpu: cpuAfter - cpuBefore, peak: memory } }),
      },
    };
  }

  async close(): Promise<void> {
    await this.db.close();
    await this.server.call(SERVER, 'stop').catch(() => undefined);
    await this.server.end();
  }
}

const summed = (usages: readonly Usage[]): Usage => ({
  cpu: usages.reduce((sum, { cpu }) => sum + cpu, 0),
  peak: usages.some(({ peak }) => peak === null)
    ? null
    : usages.reduce((sum, { peak }) => sum + (peak ?? 0), 0),
});
