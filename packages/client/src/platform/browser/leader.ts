import { InvariantError, SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import type { Engine, EngineFacts, OnceMethod, StorageFacts, StorageReason, Written } from '../../engine.ts';
import { failure } from '../../engine-host.ts';
import type { EngineAnswer } from '../../engine-message.ts';
import type { EnginePort } from '../../engine-port.ts';
import { defaultSettings } from '../../sync/device-settings.ts';
import type { Syncing } from '../../sync/syncing.ts';
import { type KeptEntry, readJournal, settleJournal } from './journal.ts';
import type { FaceCall, FromLeader } from './message.ts';
import type { OpenedStorage } from './storage.ts';

/** A quota below this is told as small: a first sync of a region may not fit. */
const SMALL_QUOTA = 200 * 1_024 * 1_024;
/** Room is told as short when less than this part of it is left. */
const SHORT_PART = 0.1;

type Tell = (message: FromLeader) => void;

export interface LeaderGiven {
  readonly id: string;
  readonly app: App;
  readonly name: string;
  readonly engine: Engine;
  readonly storage: OpenedStorage;
  readonly persisted: () => boolean;
  /** To every tab. */
  readonly tellAll: Tell;
}

/**
 * The engine's end of all tabs: runs their calls one after the other, answers each when
 * what it wrote is as durable as the storage makes it, and tells the others what was
 * touched.
 */
export class Leader {
  readonly #given: LeaderGiven;
  #syncing: Syncing | undefined;
  #room: { readonly usedBytes: number | null; readonly quotaBytes: number | null } = {
    usedBytes: null,
    quotaBytes: null,
  };
  #refused = 0;
  #journal: Promise<void> = Promise.resolve();
  /** Answers of a mirrored database leave in the order of their calls. */
  #answers: Promise<void> = Promise.resolve();

  constructor(given: LeaderGiven) {
    this.#given = given;
  }

  /** The engine as the sync loop beside it calls it. */
  port(): EnginePort {
    const { engine, storage } = this.#given;
    const flush = (): Promise<void> => storage.driver.flush();
    return {
      call: async (method, ...args) => {
        const run = engine[method] as (...args: unknown[]) => ReturnType<Engine[typeof method]>;
        const result = run.apply(engine, args);
        // What the server is told of must be kept here first.
        if (method === 'takeBatch' || method === 'settledToAck') await flush();
        return method === 'facts' ? (this.#facts() as typeof result) : result;
      },
      settled: flush,
      close: async () => engine.close(),
    };
  }

  join(syncing: Syncing): void {
    this.#syncing = syncing;
  }

  get id(): string {
    return this.#given.id;
  }

  /**
   * Lays down what tabs saved while no leader answered: before any other call, each
   * entry once, in the order of saving.
   */
  takeJournal(): Promise<void> {
    this.#journal = this.#journal.then(() => this.#takeJournal());
    return this.#journal;
  }

  /** Reads anew how much room the origin has. */
  async measureRoom(): Promise<void> {
    try {
      const { usage, quota } = await navigator.storage.estimate();
      this.#room = { usedBytes: usage ?? null, quotaBytes: quota ?? null };
    } catch {
      // The browser does not estimate: null says so.
    }
  }

  /** Runs the calls of one message; `tell` reaches the face that made them. */
  run(calls: readonly FaceCall[], face: string, own: boolean, tell: Tell): void {
    const answers: EngineAnswer[] = [];
    const touched = new Set<string>();
    let wrote = false;
    for (const call of calls) {
      if (call.target === 'sync') {
        this.#sync(call, tell);
        continue;
      }
      try {
        const result = this.#engine(call, own);
        answers.push({ id: call.id, kind: 'done', result });
        if (call.once === null) continue;
        wrote = true;
        for (const table of this.#noted(call, result)) touched.add(table);
      } catch (error) {
        answers.push(failure(call.id, error));
      }
    }
    if (answers.length === 0) return;
    const answer = (all: readonly EngineAnswer[]): void => {
      tell({ kind: 'answers', leader: this.#given.id, answers: all, facts: this.#loopFacts() });
      if (wrote) this.told([...touched], face);
    };
    if (this.#given.storage.kind !== 'indexeddb') {
      answer(answers);
      return;
    }
    const flushed = wrote ? this.#given.storage.driver.flush() : Promise.resolve();
    const kept = flushed.then(
      () => answers,
      // It is on screen and not kept: its writer is told.
      (error) => answers.map((one) => (one.kind === 'done' ? failure(one.id, error) : one)),
    );
    this.#answers = this.#answers.then(async () => answer(await kept));
  }

  /** Tells all tabs which tables were touched, and what the loop now says. */
  told(tables: readonly string[], by: string | null = null): void {
    this.#given.tellAll({ kind: 'told', leader: this.#given.id, tables, facts: this.#loopFacts(), by });
  }

  #loopFacts() {
    if (!this.#syncing) throw new InvariantError('a leader answers once its loop is there');
    return this.#syncing.facts();
  }

  #engine({ method, args, once, again }: FaceCall, own: boolean): unknown {
    const { engine } = this.#given;
    if (method === 'facts') return this.#facts();
    if (method === 'usage') this.#syncing?.keepCounts();
    // A tab's own worker goes with it: what that tab asks of it alone comes once.
    if (once !== null && (!own || again)) return engine.once(once, method as OnceMethod, args);
    const run = Reflect.get(engine, method) as (...args: readonly unknown[]) => unknown;
    return run.apply(engine, [...args]);
  }

  /** What a call that wrote means for the loop; returns the tables that it touched. */
  #noted({ method, args }: FaceCall, result: unknown): readonly string[] {
    const { app } = this.#given;
    switch (method) {
      case 'write':
      case 'run':
      case 'quarantineRetry': {
        const written = result as Written;
        this.#syncing?.wrote(written);
        return written.tables;
      }
      case 'setSetting':
        if (args[0] === 'device-settings')
          this.#syncing?.settingsChanged({ ...defaultSettings(app.sync), ...(args[1] as object) });
        return [];
      case 'wipe':
      case 'repair':
      case 'quarantineDiscard':
        return Object.keys(app.tables);
      default:
        return [];
    }
  }

  #sync({ id, method, args }: FaceCall, tell: Tell): void {
    const syncing = this.#syncing;
    const answer = (one: EngineAnswer): void =>
      tell({ kind: 'answers', leader: this.#given.id, answers: [one], facts: this.#loopFacts() });
    if (!syncing) return;
    const run = Reflect.get(syncing, method) as (...args: readonly unknown[]) => unknown;
    Promise.resolve()
      .then(() => run.apply(syncing, [...args]))
      .then(
        (result) => answer({ id, kind: 'done', result }),
        (error) => answer(failure(id, error)),
      );
  }

  #facts(): EngineFacts {
    const facts = this.#given.engine.facts();
    return {
      ...facts,
      storage: this.#storage(facts.storage),
      tab: { role: 'follower', leaderSilent: false, saved: 0, refused: this.#refused },
    };
  }

  #storage({ durability }: StorageFacts): StorageFacts {
    const { kind, limitBytes, why: found } = this.#given.storage;
    const { quotaBytes, usedBytes } = this.#room;
    const why: StorageReason[] = [...found];
    if (kind !== 'memory' && !this.#given.persisted()) why.push('persistence-refused');
    if (quotaBytes !== null && quotaBytes < SMALL_QUOTA) why.push('quota-small');
    const isShort = (used: number | null, of: number | null): boolean =>
      used !== null && of !== null && used > of * (1 - SHORT_PART);
    if (isShort(usedBytes, quotaBytes) || isShort(usedBytes, limitBytes)) why.push('room-short');
    const keeping = why.includes('persistence-refused') || why.includes('quota-small') || kind === 'memory';
    return {
      kind,
      durability,
      keeping: keeping ? 'best-effort' : 'persistent',
      why,
      usedBytes,
      quotaBytes,
      limitBytes,
    };
  }

  async #takeJournal(): Promise<void> {
    const { engine, id, name, storage } = this.#given;
    let kept: readonly KeptEntry[];
    try {
      kept = await readJournal(name);
    } catch {
      // Without IndexedDB nobody could save anything in it.
      return;
    }
    // What was refused waits for a person: they retry or discard it.
    const entries = kept.filter(({ problem }) => problem === undefined);
    const taken: KeptEntry[] = [];
    const refused: KeptEntry[] = [];
    const touched = new Set<string>();
    for (const entry of entries) {
      try {
        const written = engine.once(entry.id, entry.method, entry.args) as Written;
        this.#syncing?.wrote(written);
        for (const table of written.tables) touched.add(table);
        taken.push(entry);
      } catch (error) {
        // It stays in the journal with the reason; an error that passes is tried again with the next.
        const known = error instanceof SatchelError ? error : ownError(error);
        if (known.retry === 'never') refused.push({ ...entry, problem: known.toProblem() });
      }
    }
    const before = kept.length - entries.length;
    if (entries.length === 0 && before === this.#refused) return;
    try {
      await storage.driver.flush();
      await settleJournal({ taken, refused });
    } catch (error) {
      // No room: the entries stay, and are taken in again, to no effect, when there is.
      if (error instanceof SatchelError) return;
      throw error;
    }
    this.#refused = before + refused.length;
    this.#given.tellAll({
      kind: 'taken',
      leader: id,
      ids: [...taken, ...refused].map((entry) => entry.id),
      refused: this.#refused,
    });
    if (this.#syncing) this.told([...touched]);
  }
}

/** An app's function threw something of its own. */
const ownError = (error: unknown): SatchelError =>
  new SatchelError('statement_refused', { reason: String(error) });
