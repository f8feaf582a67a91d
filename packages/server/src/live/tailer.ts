import type { Timer } from '@satchel/core';
import { LIVE_CLOSE } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Position as Moment } from '../moments/generation.ts';
import { inGeneration } from '../moments/open-generation.ts';
import { waitFlushed } from '../moments/wait-flushed.ts';
import { noteDelivery } from '../operate/deliveries.ts';
import { TornPage } from '../pull/body.ts';
import { originOf } from '../pull/standing.ts';
import { CHANNEL, nodeName, onAnnounced, stopAnnouncing } from './announce.ts';
import { type Audience, Audiences } from './audience.ts';
import { Messages, type Page } from './messages.ts';
import { foreseeRound, type Group, type Place, type Round, readRound } from './round.ts';
import type { LiveSession } from './session.ts';

/** Milliseconds between looks that nobody asked for: plain-SQL writers do not notify. */
const POLL = 1_000;
/** A quiet client gets a fresh cursor this often, so that it never falls behind a horizon. */
const FRESH_CURSOR = 3_600_000;
/** A tailer that did not come to read for so long no longer trusts its place: prune goes by the hour. */
const LOST_AFTER = 1_800_000;
/** Snapshots in which a round may be torn before its sessions pull instead. */
const TORN_ROUNDS = 5;

/**
 * Reads each delta once for all sessions of this node and hands the bytes on. One round
 * at a time; what comes in meanwhile is for the next.
 */
export class Tailer {
  readonly #ctx: ServerContext;
  readonly #sessions = new Set<LiveSession>();
  readonly #audiences = new Audiences();
  /** Where all who follow stand. */
  #place: Place | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #poll: Timer | null = null;
  #unlisten: (() => Promise<void>) | null = null;
  #unhear: (() => void) | null = null;

  constructor(ctx: ServerContext) {
    this.#ctx = ctx;
  }

  get sessions(): ReadonlySet<LiveSession> {
    return this.#sessions;
  }

  async start(): Promise<void> {
    const own = nodeName(this.#ctx);
    this.#unhear = onAnnounced(this.#ctx, () => {
      this.wake();
      return this.#running ?? undefined;
    });
    this.#unlisten = await this.#ctx.db.listen(
      CHANNEL,
      (payload) => {
        if (payload !== own) this.wake();
      },
      () => this.wake(),
    );
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#poll?.cancel();
    this.#unhear?.();
    stopAnnouncing(this.#ctx);
    await this.#unlisten?.();
    await this.#running;
  }

  add(session: LiveSession): void {
    this.#sessions.add(session);
    this.wake();
  }

  remove(session: LiveSession): void {
    session.leave();
    this.#sessions.delete(session);
  }

  /** Something may be new. */
  wake(): void {
    if (this.#stopped || this.#sessions.size === 0) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#runRounds().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves when what was committed before the call has been sent. For tests and for a clean stop. */
  async settled(): Promise<void> {
    this.wake();
    while (this.#running) await this.#running;
  }

  #schedule(): void {
    this.#poll = this.#ctx.scheduler.after(POLL, () => {
      this.wake();
      this.#schedule();
    });
  }

  async #runRounds(): Promise<void> {
    let torn = 0;
    do {
      this.#again = false;
      try {
        await this.#round();
        torn = 0;
      } catch (error) {
        if (error instanceof TornPage && torn < TORN_ROUNDS) {
          torn += 1;
          this.#again = true;
        } else if (error instanceof TornPage) {
          this.#ctx.log.error({}, 'entries without rows: sessions pull; run satchel verify');
          for (const session of this.#sessions) session.poke();
        } else {
          this.#ctx.log.warn({ err: error }, 'a live round failed; the next poll tries again');
        }
      }
    } while (this.#again && !this.#stopped);
  }

  async #round(): Promise<void> {
    const { clock } = this.#ctx;
    const readAt = clock.now();
    if (this.#place && readAt - this.#place.readAt > LOST_AFTER) this.#place = null;
    this.#audiences.tidy();
    const asked = {
      place: this.#place,
      following: this.#audiences.all,
      joining: [...this.#sessions].filter(({ state }) => state.kind === 'joining'),
    };
    if (asked.following.length === 0 && asked.joining.length === 0) {
      this.#place = null;
      return;
    }
    const { moment, round } = await inGeneration(
      this.#ctx,
      async (tx, moment) => ({ moment, round: await readRound(this.#ctx, tx, moment, asked) }),
      (tx) => foreseeRound(this.#ctx, tx, asked),
    );
    if (this.#hasMessages(round, readAt)) await waitFlushed(this.#ctx, moment);
    const since = this.#place?.snapshot;
    this.#place = {
      snapshot: moment.snapshot,
      generation: moment.generation.generation,
      readAt,
    };
    const devices = this.#deliver(round, moment, readAt);
    if (since !== undefined && devices > 0)
      noteDelivery(this.#ctx, { since, devices, at: this.#ctx.clock.now() });
  }

  /** Cursors leave only when their snapshot is on disk; a round without any need not wait. */
  #hasMessages({ groups, arrivals }: Round, now: number): boolean {
    return (
      arrivals.size > 0 ||
      groups.some(
        ({ news, audiences }) =>
          news.changed.size > 0 || news.outcomes.size > 0 || audiences.some((one) => hasStale(one, now)),
      )
    );
  }

  /** @returns how many sessions were sent what changed */
  #deliver({ groups, arrivals, behind, states, checked }: Round, moment: Moment, now: number): number {
    const isAsItWas = (session: LiveSession): boolean =>
      this.#sessions.has(session) && session.state === states.get(session);
    for (const [session, rights] of checked) session.checkedRights = rights;
    for (const session of behind) if (isAsItWas(session)) session.poke();
    // Who follows must be in the tailer's own audiences before the next round.
    for (const [session, { scopes, digest }] of arrivals) {
      if (!isAsItWas(session)) continue;
      if (digest !== undefined) {
        session.digest = digest;
        session.cursorAt = now;
      }
      session.follow(this.#audiences.add(session, scopes, session.view));
    }
    let sent = 0;
    for (const group of groups) {
      for (const audience of group.audiences) sent += this.#deliverTo(audience, group, arrivals, moment, now);
    }
    return sent;
  }

  #deliverTo(
    audience: Audience,
    { news }: Group,
    arrivals: Round['arrivals'],
    moment: Moment,
    now: number,
  ): number {
    const isFlooded = audience.scopes.some((scope) => news.flooded.has(scope));
    const isQuiet = !audience.scopes.some((scope) => news.changed.has(scope));
    let messages: Messages | undefined;
    let sent = 0;
    for (const session of audience.sessions) {
      if (session.state.kind !== 'following') continue;
      if (isFlooded) {
        session.poke();
        continue;
      }
      const left = arrivals.get(session)?.left ?? NONE;
      const outcomes = news.outcomes.get(session.reader.clientId) ?? NONE;
      const isOwn = left.length > 0 || outcomes.length > 0 || isStale(session, now);
      if (isQuiet && !isOwn) continue;
      messages ??= new Messages(audience, news, moment.snapshot, originOf(moment));
      if (messages.isEmpty && !isOwn) continue;
      const message = messages.for(session, left, outcomes, isStale(session, now));
      if (message === 'too-large') session.poke();
      else {
        this.#send(session, message, now);
        if (!isQuiet) sent += 1;
      }
    }
    return sent;
  }

  #send(session: LiveSession, { bytes, digest, stem }: Page, now: number): void {
    if (session.socket.buffered > this.#ctx.limits.liveBufferBytes) {
      session.socket.close(LIVE_CLOSE.behind, 'behind');
      this.remove(session);
      return;
    }
    session.socket.send(bytes);
    session.digest = digest;
    session.stem = stem;
    session.cursorAt = now;
  }
}

const NONE: readonly never[] = [];

const isStale = (session: LiveSession, now: number): boolean => now - session.cursorAt > FRESH_CURSOR;

const hasStale = ({ sessions }: Audience, now: number): boolean => {
  for (const session of sessions) if (isStale(session, now)) return true;
  return false;
};
