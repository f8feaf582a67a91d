import { digestText, receive } from '@satchel/core';
import {
  type HeadLine,
  invariant,
  type Outcome,
  type OwnLine,
  type PageLine,
  type TailLine,
  unreachable,
} from '@satchel/protocol';
import { liftTriggers } from '../database/lifted-triggers.ts';
import type { LocalTable } from '../database/local-table.ts';
import { readMeta, readMetaText, writeMeta } from '../database/meta.ts';
import { restoreUnique } from '../database/unique-indexes.ts';
import { keepServerTime } from '../device/server-time.ts';
import type { PageTaken } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { settleOutcome } from '../outbox/answers.ts';
import { offerAgain } from '../outbox/offers.ts';
import { RowSet } from '../outbox/pending.ts';
import { keepBases } from './base.ts';
import { dropUnheld } from './drop-unheld.ts';
import { forgetAllErased, forgetSettled } from './erased.ts';
import { LeavingRows } from './leaving.ts';
import { rebaseRows } from './rebase.ts';
import { clearStage, hasStaged, stagedLines, stageLine } from './stage.ts';
import { unfoldStep } from './step.ts';
import { takeOwn, takePatch } from './take-brief.ts';
import { takeGone, takeRows } from './take-rows.ts';
import { releaseScopesBut, takeScope, takeSwept } from './take-scopes.ts';

/** The cursor to pull with: that of the staged pages while a large delta is on its way. */
export const pullCursor = ({ db }: EngineContext): { token: string | null; digest: string | null } => {
  const token = readMetaText(db, 'staged-cursor') ?? readMetaText(db, 'cursor');
  return { token, digest: token === null ? null : digestText(token) };
};

/** Starts over without a cursor. */
export const forgetCursor = (context: EngineContext): void => {
  clearStage(context);
  for (const name of ['cursor', 'staged-cursor', 'complete'] as const) writeMeta(context.db, name, null);
};

/**
 * Takes in one page, within one local transaction in which capture is silent. A page
 * that does not start from the stored cursor is dropped (rule 54).
 *
 * @throws `NotHeldSo`: it stands on rows that are not here; nothing of it may be kept
 */
export const takePage = (context: EngineContext, given: readonly PageLine[]): PageTaken => {
  const step = given[0]?.line === 'step' ? given[0] : undefined;
  const lines = step ? unfoldStep(context, pullCursor(context), step, given.slice(1)) : given;
  if (lines === null) return { kind: 'not-from-here' };
  const head = lines[0];
  const tail = lines.at(-1);
  invariant(head?.line === 'head' && tail?.line === 'tail', 'a page has a head and a tail');
  if (head.from !== pullCursor(context).digest) return { kind: 'not-from-here' };
  noteTime(context, head);
  const body = lines.slice(1, -1);
  if (head.mode === 'delta-part' && !tail.checkpoint) return stagePart(context, body, tail);
  return new PageTaking(context, head, tail).take(body);
};

/** Later stamps of this device come after what it has seen of the server. */
const noteTime = (context: EngineContext, { serverTime }: HeadLine): void => {
  const { app, clock, now } = context;
  keepServerTime(context, serverTime);
  const server = { millis: serverTime, counter: 0, nodeId: 'server' };
  now.hlc = receive(now.hlc, server, clock.now(), app.limits.clockTolerance).state;
};

const stagePart = (context: EngineContext, body: readonly PageLine[], tail: TailLine): PageTaken => {
  for (const line of body) stageLine(context, 'part', line);
  writeMeta(context.db, 'staged-cursor', tail.cursor);
  return {
    kind: 'taken',
    tables: [],
    checkpoint: false,
    more: tail.more,
    rows: rowsIn(body),
    ...(tail.remaining === undefined ? {} : { remaining: tail.remaining }),
    quarantined: 0,
  };
};

const rowsIn = (lines: readonly PageLine[]): number =>
  lines.reduce(
    (sum, line) => sum + (line.line === 'rows' || line.line === 'patch' ? line.keys.length : 0),
    0,
  );

/** Rows of a table in one page from which taking its triggers off costs less than it saves. */
const MANY_ROWS = 1_000;

const tablesOfMany = ({ tables }: EngineContext, lines: readonly PageLine[]): ReadonlySet<LocalTable> => {
  const rows = new Map<string, number>();
  for (const line of lines)
    if (line.line === 'rows') rows.set(line.table, (rows.get(line.table) ?? 0) + line.keys.length);
  const many = [...rows].flatMap(([name, count]) => (count < MANY_ROWS ? [] : [tables.get(name)]));
  return new Set(many.filter((local) => local !== undefined));
};

class PageTaking {
  readonly #context: EngineContext;
  readonly #head: HeadLine;
  readonly #tail: TailLine;
  readonly #dirty = new RowSet();
  readonly #leaving = new LeavingRows();
  readonly #outcomes: Outcome[] = [];
  /** Rows of own writing: their outcomes, which may come with the same page, go before. */
  readonly #own: OwnLine[] = [];
  readonly #tables = new Set<string>();
  /** Tables that are without their triggers while the page is taken in. */
  #bare: ReadonlySet<LocalTable> = new Set();

  constructor(context: EngineContext, head: HeadLine, tail: TailLine) {
    this.#context = context;
    this.#head = head;
    this.#tail = tail;
  }

  take(body: readonly PageLine[]): PageTaken {
    const context = this.#context;
    const { db, clock } = context;
    const head = this.#head;
    const tail = this.#tail;
    this.#bare = tablesOfMany(context, body);
    const putBack = liftTriggers(context, [...this.#bare]);
    const rewound = this.#noteHistory(body);
    if (head.from === null) this.#startOver(body);
    // What waited lies before this page; it is laid down with it, or goes on waiting.
    const complete = tail.checkpoint || hasStaged(context, 'part');
    if (complete) {
      for (const staged of stagedLines(context)) this.#takeLine(staged);
      clearStage(context);
    }
    for (const line of body) {
      if (complete) this.#takeLine(line);
      else for (const now of this.#hide(line)) this.#takeLine(now);
    }
    const quarantined = this.#settle();
    putBack();
    // With the cursor, or a device that dies here would never offer what the server has lost.
    const offered = head.offer ? offerAgain(context, head.epoch) : 0;
    writeMeta(db, 'cursor', tail.cursor);
    writeMeta(db, 'staged-cursor', null);
    writeMeta(db, 'complete', tail.checkpoint);
    if (tail.checkpoint) writeMeta(db, 'checkpoint-at', clock.now());
    return {
      kind: 'taken',
      tables: [...this.#tables],
      checkpoint: tail.checkpoint,
      more: tail.more,
      rows: rowsIn(body),
      ...(tail.remaining === undefined ? {} : { remaining: tail.remaining }),
      ...(offered > 0 ? { offered } : {}),
      ...(rewound ? { rewound } : {}),
      quarantined,
    };
  }

  /**
   * Where the server's history was replaced, all is copied anew and versions of the old
   * one say nothing: whatever comes is newer. Where it was cut, what is held stays; what
   * was written after the cut by nobody who offers it again is found by comparing values.
   * Returns whether that is to be done.
   */
  #noteHistory(body: readonly PageLine[]): boolean {
    const { db } = this.#context;
    const { epoch, offer } = this.#head;
    const known = readMetaText(db, 'epoch');
    if (known !== epoch) writeMeta(db, 'epoch', epoch);
    if (known === null || (known === epoch && !offer)) return false;
    forgetAllErased(this.#context);
    if (known !== epoch || this.#copiesAll(body)) {
      this.#voidVersions();
      return false;
    }
    writeMeta(db, 'rewound', true);
    return true;
  }

  /** Whether every scope that is held is copied anew, or goes. */
  #copiesAll(body: readonly PageLine[]): boolean {
    const named = new Set(
      body.flatMap((line) => (line.line === 'scope' && !line.tables ? [line.scope] : [])),
    );
    const held = this.#context.db.prepare('select distinct scope from satchel_scopes').all();
    return held.every(({ scope }) => named.has(scope as string));
  }

  #voidVersions(): void {
    const { db, tables } = this.#context;
    for (const { quoted } of tables.values()) {
      db.prepare(`update ${quoted} set satchel_version = 0 where satchel_version is not null`).run();
    }
    keepBases(this.#context);
    db.prepare('update satchel_base set version = 0').run();
  }

  #startOver(body: readonly PageLine[]): void {
    clearStage(this.#context);
    const named = body.flatMap((line) =>
      line.line === 'scope' && line.action !== 'left' ? [line.scope] : [],
    );
    releaseScopesBut(this.#context, new Set(named), this.#leaving);
  }

  /**
   * Stages what a table may not show yet, and sweeps: a row that changed while its scope
   * was copied is not in the copy, but in the delta after it. Gives back what can be
   * taken now.
   */
  #hide(line: PageLine): PageLine[] {
    const context = this.#context;
    const isSweep = line.line === 'swept';
    if (
      isSweep ||
      ((line.line === 'rows' || line.line === 'gone') && this.#isHidden(line.table, line.scope))
    ) {
      stageLine(context, 'hidden', line);
      return [];
    }
    return [line];
  }

  /** Changes of what waits must wait as well, or they would be overtaken by it. */
  #isHidden(table: string, scope: string): boolean {
    if (this.#context.app.tables[table]?.partial !== false) return false;
    return this.#head.mode === 'backfill' || hasStaged(this.#context, 'hidden', scope);
  }

  #takeLine(line: PageLine): void {
    const context = this.#context;
    switch (line.line) {
      case 'scope':
        takeScope(context, line, this.#leaving);
        return;
      case 'rows': {
        const local = context.tables.get(line.table);
        if (!local || line.keys.length === 0) return;
        takeRows(context, local, line, this.#dirty, this.#bare.has(local));
        this.#tables.add(local.name);
        return;
      }
      case 'own':
        this.#own.push(line);
        return;
      case 'patch': {
        const local = context.tables.get(line.table);
        if (!local) return;
        takePatch(context, local, line, this.#dirty);
        this.#tables.add(local.name);
        return;
      }
      case 'gone': {
        const local = context.tables.get(line.table);
        if (local) takeGone(context, local, line, this.#leaving);
        return;
      }
      case 'swept':
        takeSwept(context, line, this.#leaving);
        return;
      case 'outcomes':
        this.#outcomes.push(...line.outcomes);
        return;
      case 'head':
      case 'tail':
      case 'step':
        return;
      default:
        unreachable(line);
    }
  }

  /** When the whole page is in: own echo first, then who goes, then what is seen (rules 53 to 56). */
  #settle(): number {
    const context = this.#context;
    let quarantined = 0;
    for (const outcome of this.#outcomes) {
      const settled = settleOutcome(context, outcome, this.#dirty);
      if (settled === 'quarantined') quarantined += 1;
      // Rows that stay as they are on screen have changed their state all the same.
      if (settled !== 'known') for (const { table } of outcome.changes) this.#tables.add(table);
    }
    for (const line of this.#own) {
      const local = context.tables.get(line.table);
      if (local) takeOwn(context, local, line, this.#dirty);
    }
    forgetSettled(context, this.#outcomes);
    quarantined += this.#leaving.settle(context, this.#dirty, this.#tables);
    rebaseRows(context, this.#dirty);
    for (const { table } of this.#dirty) this.#tables.add(table);
    if (this.#head.mode !== 'backfill' && readMeta(context.db, 'complete') === true)
      dropUnheld(context, this.#outcomes, this.#tables, this.#head.serverTime);
    restoreUnique(context);
    return quarantined;
  }
}
