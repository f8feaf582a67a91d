import type pg from 'pg';
import { Draw } from '../world/draw.ts';
import { settle, type Timeline } from '../world/timeline.ts';

/** Who owns connections: a server process, or a writer of plain SQL. */
export interface Owner {
  readonly name: string;
  readonly kind: 'server' | 'sql';
  /** False: the process is gone. Nothing that it waited for ever comes. */
  alive: boolean;
  /** Milliseconds that a statement of its takes at most; a slow server has more. */
  slowness: number;
  /** Called before and after each commit of a transaction that may have written; true ends the process there. */
  onCommit?: (when: 'before' | 'after') => boolean;
}

/** One thing to do on one connection. */
export interface Operation {
  readonly owner: Owner;
  readonly connection: GatedConnection;
  /** `commit` of a transaction that may have written, `autocommit` of a statement that may have, else nothing. */
  readonly ends: 'commit' | 'autocommit' | '';
  /** Whether others may go on after it: it is no statement within a transaction that stays open. */
  readonly frees: boolean;
  /** What is asked, in short, for the trace. */
  readonly label: string;
  readonly run: () => Promise<unknown>;
  readonly done: (result: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/** What the gate must know of a connection. */
export interface GatedConnection {
  readonly processID: number | null;
  /** Ids of its transactions that have noted something since they were last taken. */
  takeNoted(): readonly string[];
}

interface Waiting {
  readonly operation: Operation;
  readonly pid: number;
  readonly end: Promise<Ended>;
}

type Ended =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: unknown };

export interface GateGiven {
  readonly timeline: Timeline;
  readonly seed: number;
  /** After each commit of a connection of `owner` in which something was noted, by these transactions. */
  readonly committed: (owner: Owner, noted: readonly string[]) => Promise<void>;
  readonly waited: (owner: Owner) => void;
}

/**
 * Real milliseconds in which an everyday statement has ended, before it is asked whether it waits for a lock.
 * Of 38,500 statements of a seed 28 wait; with 3 ms a busy machine asked 4,600 times.
 */
const PATIENCE = 20;
const LONGEST_PATIENCE = 50;
/** Real milliseconds after which a statement that neither ends nor waits for a lock is called hung. */
const HUNG_AFTER = 180_000;

/**
 * Lets one statement on one connection run at a time, each when the seed says. One that
 * waits for a lock is seen through pg_blocking_pids, its backend is stopped (SIGSTOP) and
 * set aside; when the lock is free it goes on, and those that wait go on one by one in the
 * order in which they came, so that PostgreSQL never runs two at once.
 *
 * It decides only when everybody is at rest: a statement has ended (its backend waits for
 * the next one), or it is blocked by backends that are at rest themselves. How long
 * anything takes in real time decides nothing.
 */
export class Gate {
  readonly #given: GateGiven;
  readonly #draws = new Map<string, Draw>();
  /** Backends of the connections that ask this gate. */
  readonly #backends = new Set<number>();
  #waiting: Waiting[] = [];
  #watcher: pg.Client | undefined;
  statements = 0;

  constructor(given: GateGiven) {
    this.#given = given;
  }

  /** `watcher`: a connection of the simulation's own, which sees who waits for whom. */
  open(watcher: pg.Client): void {
    this.#watcher = watcher;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  opened(pid: number): void {
    this.#backends.add(pid);
  }

  closed(pid: number): void {
    this.#backends.delete(pid);
  }

  isSetAside(pid: number): boolean {
    return this.#waiting.some((one) => one.pid === pid);
  }

  submit(operation: Operation): void {
    const { owner } = operation;
    const slow = owner.slowness;
    const draw = this.#drawOf(`gate ${owner.name}`);
    const delay = slow > 0 ? draw.between(0, slow) : draw.chance(0.9) ? 0 : draw.between(1, 4);
    this.#given.timeline.after(delay, () => this.#perform(operation), `sql ${owner.name} ${operation.label}`);
  }

  #drawOf(name: string): Draw {
    const known = this.#draws.get(name) ?? new Draw(this.#given.seed, name);
    this.#draws.set(name, known);
    return known;
  }

  async #perform(operation: Operation): Promise<void> {
    const { owner, ends } = operation;
    const isCommit = ends === 'commit';
    if (!owner.alive) return;
    if (isCommit && owner.onCommit?.('before')) return;
    this.statements += 1;
    const end = operation.run().then(
      (result): Ended => ({ ok: true, result }),
      (error: unknown): Ended => ({ ok: false, error }),
    );
    const pid = operation.connection.processID;
    const ended = await this.#endOrWait(operation, end, pid);
    if (ended === null) {
      signal(pid as number, 'SIGSTOP');
      this.#waiting.push({ operation, pid: pid as number, end });
      this.#given.waited(owner);
      return;
    }
    await this.#ended(operation, ended);
    if (operation.frees || !ended.ok) await this.#goOn();
  }

  async #ended(operation: Operation, ended: Ended): Promise<void> {
    const { owner, ends } = operation;
    const isCommit = ends === 'commit';
    if (ended.ok && ends !== '') {
      const noted = operation.connection.takeNoted();
      if (noted.length > 0) await this.#given.committed(owner, noted);
    }
    if (isCommit && ended.ok && owner.onCommit?.('after')) return;
    if (!owner.alive) return;
    if (ended.ok) operation.done(ended.result);
    else operation.failed(ended.error);
    // What follows from it is drawn before anything else is asked of PostgreSQL.
    await settle();
  }

  /**
   * Whether the log is on disk for a server that asks now. PostgreSQL writes to it and flushes it
   * when it likes (a read that prunes a page does, and which read that is, is not of the seed), so
   * the seed says it: yes, and then whoever asks flushes it first; or no, which is never wrong.
   */
  logIsOnDisk(owner: Owner): boolean {
    return this.#drawOf(`log ${owner.name}`).chance(0.8);
  }

  /** Those whose lock is free now, one by one. */
  async #goOn(): Promise<void> {
    for (let again = this.#waiting.length > 0; again; ) {
      again = false;
      for (const one of [...this.#waiting]) {
        if (!this.#waiting.includes(one) || (await this.#isBlocked(one.pid))) continue;
        this.#waiting = this.#waiting.filter((other) => other !== one);
        signal(one.pid, 'SIGCONT');
        const ended = await this.#endOrWait(one.operation, one.end, one.pid);
        if (ended === null) {
          signal(one.pid, 'SIGSTOP');
          this.#waiting.push(one);
          continue;
        }
        await this.#ended(one.operation, ended);
        again = this.#waiting.length > 0;
      }
    }
  }

  /** How it ended, or `null` when it waits for a lock that another of ours holds. */
  async #endOrWait(
    { owner, label }: Operation,
    end: Promise<Ended>,
    pid: number | null,
  ): Promise<Ended | null> {
    const asked = performance.now();
    for (let patience = PATIENCE; ; patience = Math.min(patience * 2, LONGEST_PATIENCE)) {
      const ended = await withinReal(end, patience);
      if (ended) return ended;
      if (performance.now() - asked > HUNG_AFTER)
        throw new Error(`a statement of ${owner.name} neither ends nor waits: ${label}`);
      if (pid === null || !(await this.#isBlocked(pid))) continue;
      // Who closes a circle is told so by PostgreSQL: the last to come is its victim.
      if (!(await this.#isInCircle(pid))) return null;
    }
  }

  async #blockers(pid: number): Promise<readonly number[]> {
    const { rows } = await (this.#watcher as pg.Client).query<{ pids: number[] }>({
      name: 'blockers',
      text: 'select pg_blocking_pids($1) as pids',
      values: [pid],
    });
    return rows[0]?.pids ?? [];
  }

  /** By backends of ours alone, which are all at rest: what others hold they let go by themselves. */
  async #isBlocked(pid: number): Promise<boolean> {
    const blockers = await this.#blockers(pid);
    return blockers.length > 0 && blockers.every((one) => this.#backends.has(one));
  }

  async #isInCircle(pid: number): Promise<boolean> {
    const seen = new Set<number>();
    let front = await this.#blockers(pid);
    while (front.length > 0) {
      if (front.includes(pid)) return true;
      const next: number[] = [];
      for (const one of front) {
        if (seen.has(one)) continue;
        seen.add(one);
        if (this.#waiting.some((waiting) => waiting.pid === one)) next.push(...(await this.#blockers(one)));
      }
      front = next;
    }
    return false;
  }

  /**
   * The backend was told to end. One that is set aside is let go, to do so: it ends
   * before it can take its lock.
   */
  letGo(pid: number): void {
    const one = this.#waiting.find((waiting) => waiting.pid === pid);
    if (!one) return;
    this.#waiting = this.#waiting.filter((other) => other !== one);
    one.end.then((ended) => {
      if (one.operation.owner.alive && !ended.ok) one.operation.failed(ended.error);
    });
    signal(pid, 'SIGCONT');
  }

  /** After locks went with the connections that held them. */
  locksFreed(): Promise<void> {
    return this.#goOn();
  }
}

const withinReal = <T>(promise: Promise<T>, ms: number): Promise<T | undefined> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
};
