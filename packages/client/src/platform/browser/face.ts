import type { Random, Scheduler, Timer } from '@satchel/core';
import { InvariantError, type Json, type Problem, SatchelError } from '@satchel/protocol';
import type { Engine, EngineFacts, TabFacts, Written } from '../../engine.ts';
import type { EngineAnswer } from '../../engine-message.ts';
import type { EnginePort } from '../../engine-port.ts';
import { problemToError } from '../../engine-remote.ts';
import type { JournalPort } from '../../face/journal.ts';
import type { SyncFacts, SyncHeard, SyncPort } from '../../sync/sync-port.ts';
import type { TokenSource } from '../../sync/transport.ts';
import { isJournaled, isRead } from './calls.ts';
import { appendToJournal, readRefused, releaseRefused } from './journal.ts';
import {
  channelOf,
  type FaceCall,
  type FromFace,
  type FromLeader,
  type FromWorker,
  type OpenWorker,
  roomOf,
  type ToLeader,
  type ToWorker,
} from './message.ts';
import { RemoteSync } from './remote-sync.ts';

/** A leader that says nothing for so long while it is asked is silent: it may be frozen. */
const SILENT_AFTER = 2_000;
const LOOK_EVERY = 250;
/** What a silent leader alone could answer fails after this. */
const ANSWER_WITHIN = 12_000;

interface Waiting {
  readonly call: FaceCall;
  readonly askedAt: number;
  readonly done: (result: never) => void;
  readonly failed: (error: Error) => void;
}

interface Leading {
  readonly id: string;
  /** This tab's own worker leads: it is reached directly. */
  readonly own: boolean;
  readonly post: (message: ToLeader) => void;
  readonly leave: () => void;
}

export interface FaceGiven {
  readonly open: OpenWorker;
  readonly worker: Worker;
  readonly token: TokenSource;
  readonly random: Random;
  readonly scheduler: Scheduler;
  /** Milliseconds since some moment. */
  readonly elapsed: () => number;
  readonly at: () => number;
}

/**
 * A tab's way to the engine of the tab that leads, which may be this one. Calls made in
 * one turn go as one message. When the leader changes, what was not answered is asked
 * again; calls that write carry an id, so none is done twice. When the leader is silent,
 * writes go to the journal.
 */
export class Face implements EnginePort {
  readonly name: string;
  readonly journal: JournalPort = {
    refused: () => readRefused(this.name),
    retry: (id) => this.#release(id, 'retry'),
    discard: (id) => this.#release(id, 'discard'),
  };
  readonly #given: FaceGiven;
  readonly #id: string;
  readonly #room: BroadcastChannel;
  readonly #answers: BroadcastChannel;
  readonly #waiting = new Map<number, Waiting>();
  /** Ids of own entries that no leader has yet taken from the journal. */
  readonly #saved = new Set<string>();
  #calls: FaceCall[] = [];
  #leading: Leading | null = null;
  #nextId = 1;
  #heardAt: number;
  #silent = false;
  #refused = 0;
  #look: Timer | null = null;
  #gone: SatchelError | null = null;
  #closed: (() => void) | null = null;
  #lastFacts: EngineFacts | null = null;
  #loopFacts: SyncFacts | null = null;
  #heard: SyncHeard | null = null;
  #sync: RemoteSync | null = null;

  constructor(given: FaceGiven) {
    const { open, random, worker } = given;
    this.#given = given;
    this.name = open.name;
    this.#id = [...random.bytes(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    this.#heardAt = given.elapsed();
    this.#room = new BroadcastChannel(roomOf(open.name));
    this.#room.onmessage = ({ data }: MessageEvent<FromLeader | FromFace>) => {
      if ('leader' in data && !(this.#leading?.own && this.#leading.id === data.leader)) this.#take(data);
    };
    this.#answers = new BroadcastChannel(channelOf(open.name, this.#id));
    this.#answers.onmessage = ({ data }: MessageEvent<FromLeader>) => this.#take(data);
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#fromWorker(data);
    worker.onerror = ({ message }) => this.#lost(new SatchelError('database_closed', { reason: message }));
    this.#tellWorker(open);
    this.#say({ kind: 'who' });
    this.#watch();
  }

  call<M extends Parameters<EnginePort['call']>[0]>(
    method: M,
    ...args: Parameters<Engine[M]>
  ): Promise<ReturnType<Engine[M]>> {
    if (this.#gone) return Promise.reject(this.#gone);
    if (this.#saving) {
      if (method === 'facts' && this.#lastFacts)
        return Promise.resolve(this.#seen(this.#lastFacts) as ReturnType<Engine[M]>);
      if (isJournaled(method))
        return this.#save(this.#newCall('engine', method, args)) as Promise<ReturnType<Engine[M]>>;
    }
    return this.ask('engine', method, args) as Promise<ReturnType<Engine[M]>>;
  }

  /** Every answer says that what it wrote is as durable as the storage makes it. */
  async settled(): Promise<void> {}

  joinSync(heard: SyncHeard): SyncPort {
    this.#heard = heard;
    this.#sync = new RemoteSync(this, this.#given.open.subscription);
    return this.#sync;
  }

  async close(): Promise<void> {
    if (this.#gone) return;
    const closed = new Promise<void>((done) => {
      this.#closed = done;
      this.#given.scheduler.after(ANSWER_WITHIN, done);
    });
    this.#tellWorker({ kind: 'close', now: false });
    await closed;
    this.#lost(new SatchelError('database_closed', { reason: 'closed' }));
  }

  /** The page is going, or is put away: the handles must be free for the next tab. */
  release(): void {
    if (!this.#gone) this.#tellWorker({ kind: 'close', now: true });
  }

  /** A call of the engine or of the sync loop, wherever they are. */
  ask(target: FaceCall['target'], method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#gone) return Promise.reject(this.#gone);
    const call = this.#newCall(target, method, args);
    if (this.#waiting.size === 0) this.#heardAt = this.#given.elapsed();
    return new Promise((done, failed) => {
      this.#waiting.set(call.id, { call, askedAt: this.#given.elapsed(), done, failed });
      this.#calls.push(call);
      // Calls of one turn, a screen full of reads, are one message.
      if (this.#calls.length === 1) queueMicrotask(() => this.#send());
    });
  }

  loopFacts(): SyncFacts {
    if (!this.#loopFacts) throw new InvariantError('facts of the loop come with the first answer');
    return this.#loopFacts;
  }

  tellNetwork(state: OpenWorker['network']): void {
    this.#tellWorker({ kind: 'network', state });
  }
  tellPersisted(persisted: boolean): void {
    this.#tellWorker({ kind: 'persisted', persisted });
  }

  get #saving(): boolean {
    return this.#silent || this.#saved.size > 0;
  }

  #newCall(target: FaceCall['target'], method: string, args: readonly unknown[]): FaceCall {
    const id = this.#nextId++;
    const writes = target === 'engine' && !isRead(method);
    return { id, target, method, args, once: writes ? `${this.#id}-${id}` : null, again: false };
  }

  #send(): void {
    const calls = this.#calls;
    this.#calls = [];
    // Without a leader they wait, and go with all others to the next.
    if (calls.length > 0) this.#leading?.post({ kind: 'calls', face: this.#id, calls });
  }

  #fromWorker(message: FromWorker): void {
    switch (message.kind) {
      case 'ask-token':
        Promise.resolve()
          .then(() => this.#given.token())
          .catch(() => null)
          .then((token) => this.#tellWorker({ kind: 'token', id: message.id, token }));
        return;
      case 'failed':
        this.#lost(errorOf(message.problem));
        return;
      case 'crash': {
        const error = new InvariantError(`${message.message}\n${message.stack}`);
        if (this.#heard) this.#heard.crashed(error);
        else this.#lost(new SatchelError('database_closed', { reason: error.message }));
        return;
      }
      case 'closed':
        this.#closed?.();
        return;
      case 'leading':
        this.#follow(message.leader, true);
        return;
      default:
        this.#take(message);
    }
  }

  #take(message: FromLeader): void {
    this.#heardAt = this.#given.elapsed();
    if (message.kind === 'leading') {
      this.#follow(message.leader, false);
      return;
    }
    if (message.kind === 'taken') {
      // A new leader takes the journal in before it says that it leads.
      for (const id of message.ids) this.#saved.delete(id);
      this.#refused = message.refused;
      this.#heard?.changed();
      return;
    }
    if (message.leader !== this.#leading?.id) return;
    switch (message.kind) {
      case 'answers':
        this.#loopFacts = message.facts;
        for (const answer of message.answers) this.#answered(answer);
        break;
      case 'told':
        this.#loopFacts = message.facts;
        if (message.tables.length > 0 && message.by !== this.#id) this.#heard?.touched(message.tables);
        this.#heard?.changed();
        break;
      case 'pong':
        break;
    }
    if (this.#silent) this.#back();
  }

  /** The leader is heard again: what was saved meanwhile is taken in before new writes go to it. */
  #back(): void {
    this.#silent = false;
    if (this.#saved.size > 0) this.#say({ kind: 'journal' });
    this.#heard?.changed();
  }

  #follow(id: string, own: boolean): void {
    if (this.#leading?.id === id) return;
    this.#leading?.leave();
    this.#heardAt = this.#given.elapsed();
    if (own) {
      this.#leading = { id, own, post: (message) => this.#tellWorker(message), leave: () => {} };
    } else {
      const channel = new BroadcastChannel(channelOf(this.name, id));
      this.#leading = {
        id,
        own,
        post: (message) => channel.postMessage(message),
        leave: () => channel.close(),
      };
    }
    if (this.#silent) this.#back();
    this.#calls = [];
    const calls = [...this.#waiting.values()].map(({ call }) => ({ ...call, again: true }));
    if (calls.length > 0) this.#leading.post({ kind: 'calls', face: this.#id, calls });
    if (own) this.#sync?.lead();
    this.#heard?.changed();
  }

  #answered(answer: EngineAnswer): void {
    const asked = this.#waiting.get(answer.id);
    if (!asked) return;
    this.#waiting.delete(answer.id);
    switch (answer.kind) {
      case 'done': {
        const isFacts = asked.call.target === 'engine' && asked.call.method === 'facts';
        if (isFacts) this.#lastFacts = answer.result as EngineFacts;
        asked.done((isFacts ? this.#seen(answer.result as EngineFacts) : answer.result) as never);
        return;
      }
      case 'problem':
        asked.failed(problemToError(answer.problem));
        return;
      case 'crash':
        asked.failed(new InvariantError(`${answer.message}\n${answer.stack}`));
        return;
    }
  }

  /** The database's facts, with what this tab is to it. */
  #seen(facts: EngineFacts): EngineFacts {
    const tab: TabFacts = {
      role: this.#leading?.own ? 'leader' : 'follower',
      leaderSilent: this.#silent,
      saved: this.#saved.size,
      refused: Math.max(this.#refused, facts.tab?.refused ?? 0),
    };
    return { ...facts, tab };
  }

  /** Looks whether the leader still answers what it was asked. */
  #watch(): void {
    this.#look = this.#given.scheduler.after(LOOK_EVERY, () => {
      this.#lookOnce();
      if (!this.#gone) this.#watch();
    });
  }

  #lookOnce(): void {
    if (this.#leading?.own) return;
    if (!this.#leading) this.#say({ kind: 'who' });
    if (this.#waiting.size === 0 && !this.#saving) return;
    const elapsed = this.#given.elapsed();
    if (elapsed - this.#heardAt >= LOOK_EVERY) this.#leading?.post({ kind: 'ping', face: this.#id });
    const wasOpen = this.#lastFacts !== null;
    if (!this.#silent && wasOpen && elapsed - this.#heardAt >= SILENT_AFTER) this.#fallSilent();
    if (this.#silent) this.#giveUp(elapsed);
  }

  #fallSilent(): void {
    this.#silent = true;
    for (const [id, { call, done, failed }] of this.#waiting) {
      if (call.target !== 'engine' || !isJournaled(call.method)) continue;
      this.#waiting.delete(id);
      this.#save(call).then((written) => done(written as never), failed);
    }
    this.#heard?.changed();
  }

  /** What only the leader could answer does not wait for ever. */
  #giveUp(elapsed: number): void {
    for (const [id, { call, askedAt, done, failed }] of this.#waiting) {
      if (call.method === 'facts' && this.#lastFacts) {
        this.#waiting.delete(id);
        done(this.#seen(this.#lastFacts) as never);
      } else if (elapsed - askedAt >= ANSWER_WITHIN) {
        this.#waiting.delete(id);
        failed(new SatchelError('leader_silent'));
      }
    }
  }

  async #save(call: FaceCall): Promise<Written> {
    const once = call.once ?? '';
    this.#saved.add(once);
    try {
      await appendToJournal({
        database: this.name,
        id: once,
        method: call.method as 'write' | 'run',
        args: call.args as readonly Json[],
        at: this.#given.at(),
      });
    } catch (error) {
      this.#saved.delete(once);
      throw error;
    }
    this.#say({ kind: 'journal' });
    this.#heard?.changed();
    return { mutationId: null, tables: [], lanes: [], saved: true };
  }

  async #release(id: string, how: 'retry' | 'discard'): Promise<void> {
    await releaseRefused(this.name, id, how);
    this.#say({ kind: 'journal' });
  }

  #say(message: FromFace): void {
    this.#room.postMessage(message);
    // The own worker hears the room too, once it leads.
  }

  #tellWorker(message: ToWorker): void {
    this.#given.worker.postMessage(message);
  }

  #lost(error: SatchelError): void {
    if (this.#gone) return;
    this.#gone = error;
    this.#look?.cancel();
    this.#leading?.leave();
    this.#room.close();
    this.#answers.close();
    this.#given.worker.terminate();
    for (const { failed } of this.#waiting.values()) failed(error);
    this.#waiting.clear();
    this.#closed?.();
  }
}

const errorOf = (problem: Problem): SatchelError => {
  const error = problemToError(problem);
  return error instanceof SatchelError ? error : new SatchelError('database_closed');
};
