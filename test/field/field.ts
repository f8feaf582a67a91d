import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  httpTransport,
  type NetworkSource,
  type NetworkState,
  openSatchel,
  type Satchel,
  type SatchelOptions,
  type Transport,
} from '@satchel/client';
import { nodePlatform } from '@satchel/client/node';
import type { Clock, Scheduler } from '@satchel/core';
import { type Json, SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import {
  createServer,
  type Database,
  type Log,
  type SatchelServer,
  type ServerOptions,
  signToken,
} from '@satchel/server';
import { testDatabase } from '@satchel/testing/postgres';
import { FieldTime } from './time.ts';

const SECRET = 'a secret of the tests of the examples, long enough';
const YEAR = 365 * 24 * 3_600;

/** Who somebody is, as the token says. */
export interface Person {
  readonly userId: string;
  readonly roles?: readonly string[];
  readonly channel?: string;
  readonly claims?: Readonly<Record<string, Json>>;
}

/** A line of the server's log. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What happens to a request on its way: by its path, before it is sent or after it was answered. */
export interface Road {
  /** The request does not come through. */
  cut?(path: string): boolean;
  /** The server gets it, and its answer is lost. */
  loseAnswer?(path: string): boolean;
  /** Somebody on the way answers in the server's place: 503, as a gateway does. */
  unavailable?(path: string): boolean;
}

export interface DeviceOptions<A extends App>
  extends Partial<Pick<SatchelOptions<A>, 'sync' | 'subscription' | 'device' | 'token'>> {
  readonly online?: boolean;
  /** The device's own clock; default the field's. */
  readonly clock?: Clock;
  readonly road?: Road;
  /** Another address of the server, for example a proxy's. */
  readonly server?: string;
  readonly scheduler?: Scheduler;
  /** Hears of news by itself over a live socket. Default false: it has to ask. */
  readonly live?: boolean;
  /** A folder of its own that outlives the device. */
  readonly directory?: string;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** A request as it went over the wire; status 0 while it has no answer. */
export interface Exchange {
  readonly path: string;
  readonly sent: string;
  readonly status: number;
  readonly answer: string;
}

/** One device of a person: real SQLite in a file, real HTTP. */
export interface FieldDevice<A extends App> {
  readonly person: Person;
  readonly db: Satchel<A>;
  /** The folder of its database, for a device that is opened again. */
  readonly directory: string;
  /** Every exchange with the server, in order. */
  readonly exchanges: readonly Exchange[];
  online(on: boolean): void;
  /** Goes online, syncs until nothing moves any more, and goes back to how it was. */
  sync(): Promise<void>;
  /** Closes it, as if the app was ended. The folder stays. */
  close(): Promise<void>;
}

/** A server of an app on a PostgreSQL of its own, with devices. */
export interface Field<A extends App = App> {
  readonly app: A;
  readonly server: SatchelServer;
  readonly db: Database;
  readonly time: FieldTime;
  readonly log: readonly LogLine[];
  token(person: Person, lifetime?: number): Promise<string>;
  device(person: Person, options?: DeviceOptions<A>): Promise<FieldDevice<A>>;
  /** Closes all devices, the server, and drops the database. */
  close(): Promise<void>;
}

const START = '2025-12-18T10:00:00Z';

/**
 * Starts a server of the app on a database of its own.
 *
 * @example
 * ```ts
 * const field = await openField(shop);
 * const phone = await field.device({ userId: 'staff-1', roles: ['staff'], claims: { storeId: '42' } });
 * ```
 */
export const openField = async <A extends App>(
  app: A,
  options: { readonly at?: string; readonly server?: Partial<ServerOptions> } = {},
): Promise<Field<A>> => {
  const base = await testDatabase({ app });
  const time = await FieldTime.start(base.db, options.at ?? START);
  const lines: LogLine[] = [];
  const note =
    (level: LogLine['level']) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      lines.push({ level, message, fields });
    };
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const server = await createServer({
    app,
    database: base.db,
    auth: { keys: { kind: 'secret', secret: SECRET } },
    limits: { requestsPerMinute: 1_000_000 },
    clock: time,
    log,
    ...options.server,
  });
  const closers: (() => Promise<void>)[] = [];
  const token = (person: Person, lifetime = YEAR): Promise<string> =>
    signToken(SECRET, { ...person, lifetime }, time);
  return {
    app,
    server,
    db: base.db,
    time,
    log: lines,
    token,
    device: async (person, given = {}) => {
      const device = await openFieldDevice({
        app,
        server: given.server ?? server.url,
        time,
        person,
        token,
        given,
      });
      closers.push(device.end);
      return device;
    },
    close: async () => {
      for (const close of closers) await close();
      await server.stop(1_000);
      await base.drop();
    },
  };
};

const openFieldDevice = async <A extends App>({
  app,
  server,
  time,
  person,
  token,
  given,
}: {
  readonly app: A;
  readonly server: string;
  readonly time: FieldTime;
  readonly person: Person;
  readonly token: (person: Person) => Promise<string>;
  readonly given: DeviceOptions<A>;
}): Promise<FieldDevice<A> & { end(): Promise<void> }> => {
  const directory = given.directory ?? (await mkdtemp(join(tmpdir(), 'satchel-field-')));
  let state: NetworkState = { online: given.online ?? true, kind: 'wifi' };
  const listeners = new Set<(state: NetworkState) => void>();
  const network: NetworkSource = {
    state: () => state,
    onChange: (heard) => {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  };
  const node = nodePlatform({
    directory,
    network,
    clock: given.clock ?? time,
    ...(given.scheduler ? { scheduler: given.scheduler } : {}),
  });
  const own = await token(person);
  const tokenSource = given.token ?? (() => own);
  const exchanges: Exchange[] = [];
  const exchange: typeof node.exchange = async (request) => {
    const path = new URL(request.url).pathname;
    if (given.road?.cut?.(path)) throw new SatchelError('network_unreachable');
    const entry: Mutable<Exchange> = {
      path,
      sent: typeof request.body === 'string' ? request.body : '',
      status: 0,
      answer: '',
    };
    exchanges.push(entry);
    const answer = given.road?.unavailable?.(path)
      ? { status: 503, headers: {}, text: '', sent: 0, received: 0 }
      : await node.exchange(request);
    entry.status = answer.status;
    entry.answer = answer.text;
    if (given.road?.loseAnswer?.(path)) throw new SatchelError('network_unreachable');
    return answer;
  };
  const http = httpTransport({ server, token: tokenSource, exchange, openSocket: node.openSocket });
  const transport: Transport = given.live
    ? http
    : { ...http, live: () => ({ resume: () => {}, token: () => {}, close: () => {} }) };
  const crashes: unknown[] = [];
  const db = await openSatchel<A>({
    app,
    platform: { ...node, exchange },
    server,
    user: { id: person.userId },
    token: tokenSource,
    transport,
    durability: 'normal',
    onCrash: (error) => crashes.push(error),
    ...(given.sync ? { sync: given.sync } : {}),
    ...(given.subscription ? { subscription: given.subscription } : {}),
    ...(given.device ? { device: given.device } : {}),
  });
  const online = (on: boolean): void => {
    if (on === state.online) return;
    state = { ...state, online: on };
    for (const heard of listeners) heard(state);
  };
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await db.close();
    await node.close();
    if (crashes.length > 0) throw crashes[0];
  };
  return {
    person,
    db,
    directory,
    exchanges,
    online,
    sync: async () => {
      const was = state.online;
      online(true);
      await db.sync.now();
      // What the first run sent may have moved rows that the second brings back.
      await db.sync.now();
      online(was);
    },
    close,
    end: async () => {
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
