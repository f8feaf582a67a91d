import { SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { openEngine } from '../../database/open-engine.ts';
import type { Engine } from '../../engine.ts';
import { keptSettings } from '../../face/settings.ts';
import { defaultSettings } from '../../sync/device-settings.ts';
import { httpTransport } from '../../sync/http-transport.ts';
import type { NetworkSource, NetworkState } from '../../sync/network.ts';
import { openSyncing, type Syncing } from '../../sync/syncing.ts';
import { fetchExchange } from './http.ts';
import { Leader } from './leader.ts';
import {
  channelOf,
  type FromFace,
  type FromLeader,
  type FromWorker,
  lockOf,
  type OpenWorker,
  roomOf,
  type ToLeader,
  type ToWorker,
} from './message.ts';
import { browserSocket } from './socket.ts';
import { type OpenedStorage, openStorage } from './storage.ts';
import { browserClock, browserRandom, browserScheduler, localHour } from './system.ts';

/** Room is measured this often while the tab leads. */
const MEASURE_EVERY = 30_000;
/** Tabs that are answered at a time; a browser has fewer. */
const MAX_FACES = 200;
/** A run under way is given so long to end when the tab closes. */
const STOP_WITHIN = 1_000;

/** The tab that a worker belongs to, as a worker's own messages reach it. */
interface OwnTab {
  post(message: FromWorker): void;
}

/**
 * The life of one tab's worker: it waits for the lock of its database, and leads from
 * then to its end. The lock goes with the worker, however that ends.
 */
export class EngineWorker {
  readonly #app: App;
  readonly #tab: OwnTab;
  readonly #tokens = new Map<number, (token: string | null) => void>();
  readonly #waitForLock = new AbortController();
  readonly #channels = new Map<string, BroadcastChannel>();
  #network: NetworkState = { online: true, kind: 'unknown' };
  #networkHeard: ((state: NetworkState) => void) | null = null;
  #persisted = false;
  #nextToken = 1;
  #leader: Leader | null = null;
  #syncing: Syncing | null = null;
  #engine: Engine | null = null;
  #letGo: (() => void) | null = null;
  #closing = false;

  constructor(app: App, tab: OwnTab) {
    this.#app = app;
    this.#tab = tab;
  }

  heard(message: ToWorker): void {
    switch (message.kind) {
      case 'open':
        this.#open(message);
        return;
      case 'network':
        this.#network = message.state;
        this.#networkHeard?.(message.state);
        return;
      case 'persisted':
        this.#persisted = message.persisted;
        if (this.#syncing) this.#leader?.told([]);
        return;
      case 'token':
        this.#tokens.get(message.id)?.(message.token);
        this.#tokens.delete(message.id);
        return;
      case 'close':
        this.#close(message.now);
        return;
      case 'calls':
      case 'ping':
        this.#serve(message, true, (answer) => this.#tab.post(answer));
        return;
    }
  }

  #open(open: OpenWorker): void {
    this.#network = open.network;
    this.#persisted = open.persisted;
    const lead = (): Promise<void> =>
      new Promise((done) => {
        this.#letGo = done;
        if (this.#closing) done();
        else
          this.#lead(open).catch((error) => {
            this.#fail(error);
            done();
          });
      });
    if (!('locks' in navigator)) {
      // Nobody says who else is there: what is opened must be this tab's alone.
      void lead();
      return;
    }
    navigator.locks
      .request(lockOf(open.name), { signal: this.#waitForLock.signal }, lead)
      .catch((error: unknown) => {
        if (!this.#waitForLock.signal.aborted) this.#fail(error);
      });
  }

  async #lead(open: OpenWorker): Promise<void> {
    const storage = await this.#storage(open);
    if (this.#closing) {
      storage.driver.close();
      return;
    }
    const { name, userId, durability } = open;
    const engine = this.#openEngine(storage, userId, durability);
    this.#engine = engine;
    // A full quota does not keep anybody from reading; the next write is told of it.
    await storage.driver.flush().catch(() => undefined);
    const id = crypto.randomUUID();
    const room = new BroadcastChannel(roomOf(name));
    const tellAll = (message: FromLeader): void => {
      this.#tab.post(message);
      room.postMessage(message);
    };
    const leader = new Leader({
      id,
      app: this.#app,
      name,
      engine,
      storage,
      persisted: () => this.#persisted,
      tellAll,
    });
    await leader.takeJournal();
    engine.collect();
    await leader.measureRoom();
    this.#syncing = await this.#openSyncing(open, leader);
    leader.join(this.#syncing);
    this.#leader = leader;
    room.onmessage = ({ data }: MessageEvent<FromFace>) => {
      if (data.kind === 'who') room.postMessage({ kind: 'leading', leader: id } satisfies FromLeader);
      if (data.kind === 'journal') leader.takeJournal().catch((error) => this.#crashed(error));
    };
    new BroadcastChannel(channelOf(name, id)).onmessage = ({ data }: MessageEvent<ToLeader>) =>
      this.#serve(data, false, (answer) => this.#channel(name, data.face).postMessage(answer));
    this.#measure(leader);
    tellAll({ kind: 'leading', leader: id });
  }

  #storage({ name, storages }: OpenWorker): Promise<OpenedStorage> {
    if ('locks' in navigator) return openStorage(name, storages, browserScheduler);
    return openStorage(name, ['memory'], browserScheduler).then((opened) => ({
      ...opened,
      why: ['locks-refused'],
    }));
  }

  #openEngine(storage: OpenedStorage, userId: string, durability: 'full' | 'normal'): Engine {
    try {
      return openEngine({
        app: this.#app,
        driver: storage.driver,
        userId,
        clock: browserClock,
        random: browserRandom,
        durability,
      });
    } catch (error) {
      storage.driver.close();
      throw error;
    }
  }

  async #openSyncing(open: OpenWorker, leader: Leader): Promise<Syncing> {
    const port = leader.port();
    const sync = { ...this.#app.sync, ...open.sync };
    const network: NetworkSource = {
      state: () => this.#network,
      onChange: (heard) => {
        this.#networkHeard = heard;
        return () => {
          this.#networkHeard = null;
        };
      },
    };
    const join = await openSyncing({
      app: this.#app,
      sync,
      device: open.device,
      subscription: open.subscription,
      settings: await keptSettings(port, defaultSettings(sync)),
      facts: await port.call('facts'),
      port,
      transport: httpTransport({
        server: open.server,
        token: () => this.#token(),
        exchange: fetchExchange,
        openSocket: browserSocket,
        live: { scheduler: browserScheduler, userId: open.userId },
      }),
      clock: browserClock,
      random: browserRandom,
      scheduler: browserScheduler,
      network,
      hour: localHour,
    });
    return join({
      touched: (tables) => leader.told(tables),
      changed: () => leader.told([]),
      crashed: (error) => this.#crashed(error),
    });
  }

  /** The token of the signed-in user is the page's to give. */
  #token(): Promise<string | null> {
    const id = this.#nextToken++;
    return new Promise((given) => {
      this.#tokens.set(id, given);
      this.#tab.post({ kind: 'ask-token', id });
    });
  }

  #serve(message: ToLeader, own: boolean, tell: (answer: FromLeader) => void): void {
    const leader = this.#leader;
    if (!leader) return;
    if (message.kind === 'ping') tell({ kind: 'pong', leader: leader.id });
    else leader.run(message.calls, message.face, own, tell);
  }

  #channel(name: string, face: string): BroadcastChannel {
    const known = this.#channels.get(face);
    if (known) return known;
    // A tab that was closed says nothing of it: the oldest channel is let go of, and made anew if it is asked for.
    if (this.#channels.size >= MAX_FACES) {
      for (const [oldest, old] of this.#channels) {
        old.close();
        this.#channels.delete(oldest);
        break;
      }
    }
    const channel = new BroadcastChannel(channelOf(name, face));
    this.#channels.set(face, channel);
    return channel;
  }

  #measure(leader: Leader): void {
    browserScheduler.after(MEASURE_EVERY, () => {
      if (this.#closing) return;
      leader.measureRoom().then(() => {
        leader.told([]);
        this.#measure(leader);
      });
    });
  }

  #close(now: boolean): void {
    this.#closing = true;
    this.#waitForLock.abort();
    const end = (): void => {
      this.#engine?.close();
      this.#letGo?.();
      this.#tab.post({ kind: 'closed' });
    };
    if (now || !this.#syncing) {
      end();
      return;
    }
    const stopped = this.#syncing.close();
    const late = new Promise<void>((done) => browserScheduler.after(STOP_WITHIN, done));
    Promise.race([stopped, late]).finally(end);
  }

  #fail(error: unknown): void {
    if (error instanceof SatchelError) this.#tab.post({ kind: 'failed', problem: error.toProblem() });
    else this.#crashed(error);
  }

  #crashed(error: unknown): void {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    this.#tab.post({ kind: 'crash', message, stack: stack ?? '' });
  }
}
