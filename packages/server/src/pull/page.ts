import type { HeadLine, Outcome, ScopeLine, SweptLine } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Queryable, Transaction } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import type { Body, BodyOptions } from './body.ts';
import { askDelta, readDelta } from './delta.ts';
import { countCopies, isFilling, readFill } from './fill.ts';
import { readHorizons } from './horizons.ts';
import { bodyLines, headLine, outcomesLines, scopeLine, sweptLine, tailLine } from './line-text.ts';
import { outcomesFor, outcomesSince } from './outcomes.ts';
import { beginPart, readPart } from './part.ts';
import { planPage } from './plan.ts';
import { type Origin, type Position, positionToCursor } from './position.ts';
import type { Reader } from './reader.ts';
import type { ReaderView } from './reader-view.ts';
import type { Standing } from './standing.ts';
import { cursorToToken, digestOfToken } from './token.ts';

/** The snapshot that a page is read in. */
export interface Here extends Origin {
  readonly snapshot: string;
}

export interface PageRead {
  readonly lines: readonly string[];
  readonly position: Position;
  readonly digest: string;
  /** The cursor with which to go on at once; `null` when there is no more. */
  readonly next: string | null;
  /** Nothing is new, nothing is under way: the client may keep its cursor. */
  readonly empty: boolean;
  /** It brings changes, and with them the client is up to date. */
  readonly news: boolean;
  /** Whether the cursor names this page's snapshot, which must first be on disk (rule 43). */
  readonly minted: boolean;
}

/** What a page holds between head and tail. */
interface Content {
  readonly mode: HeadLine['mode'];
  readonly position: Position;
  readonly bodies: readonly Body[];
  readonly swept?: readonly SweptLine[];
  readonly remaining?: number;
  readonly checkpoint: boolean;
  readonly more: boolean;
}

export interface PageAsked {
  readonly reader: Reader;
  readonly standing: Standing;
  readonly here: Here;
  readonly scopes: readonly string[];
  readonly view: ReaderView;
  readonly missing: BodyOptions['missing'];
}

/** Bytes of an entry with its row, below which a delta of many may fit one answer. */
const SMALL_ROW = 250;

/** Reads the next page for a client: one snapshot, whole in memory before a byte is sent. */
export const readPage = async (ctx: ServerContext, tx: Transaction, asked: PageAsked): Promise<PageRead> => {
  const { reader, standing, here, scopes, view } = asked;
  const { snapshot } = here;
  const plan = planPage({
    position: standing.position,
    judgement: standing.judgement,
    scopes,
    view,
    horizons: await readHorizons(tx, scopes),
    snapshot,
  });
  const outcomes = await outcomesFor(ctx, tx, reader.clientId, plan.position.outcomes, scopes, view);
  const content = await readContent(ctx, tx, asked, plan.position, plan.lines);
  const position: Position =
    outcomes.length > 0 ? { ...content.position, outcomes: snapshot } : content.position;
  const minted = names(position, snapshot);
  const origin: Origin = minted || !standing.origin ? here : standing.origin;
  const token = cursorToToken(positionToCursor(position, origin));
  return {
    lines: pageLines(asked, plan.offer, plan.lines, outcomes, content, token),
    position,
    digest: digestOfToken(token),
    next: content.more ? token : null,
    empty: isEmpty(plan.lines, outcomes, content, standing),
    news: content.mode === 'delta' && content.checkpoint && content.bodies.some(({ count }) => count > 0),
    minted,
  };
};

/**
 * What is sent, by what is under way: a large delta on its way goes first, then what
 * changed, which copies never hold up, then the copies.
 */
const readContent = async (
  ctx: ServerContext,
  tx: Transaction,
  { reader, standing, view, here: { snapshot }, missing }: PageAsked,
  planned: Position,
  lines: readonly ScopeLine[],
): Promise<Content> => {
  const { answerBytes, pageRows: lineRows } = ctx.limits;
  const pageRows = pageRowsOf(ctx, reader);
  const options: BodyOptions = { lineRows, bytes: answerBytes, missing };
  const parts = async (from: Position): Promise<Content> => {
    const read = await readPart(tx, from, from.part!, view, pageRows, options);
    return { mode: 'delta-part', ...read, checkpoint: false, more: true };
  };
  const fills = async (from: Position, upToDate: boolean): Promise<Content> => {
    const read = await readFill(tx, from, view, pageRows, options);
    const done = upToDate && !isFilling(read.position);
    return {
      mode: 'backfill',
      ...read,
      position: done ? arrived(read.position, snapshot) : read.position,
      checkpoint: done,
      more: !done,
    };
  };

  const position = await countCopies(tx, planned);
  if (position.part?.scope !== undefined) return parts(position);
  const filling = isFilling(position);
  const limit = deltaLimit(ctx, reader, filling);
  // Rows come whole while a copy runs, or after another view of them began: the device may
  // have written one before it could see all of its columns.
  const isSettled = !filling && !position.part && lines.length === 0 && standing.judgement.kind === 'valid';
  const deltaOptions = reader.brief && isSettled ? { ...options, own: reader.clientId } : options;
  const delta = await readDelta(tx, position, view, snapshot, limit, deltaOptions);
  if (delta === null) {
    if (filling) return fills(position, false);
    // Scopes that left must not wait on the stage until the large delta is complete.
    if (lines.length > 0) return { mode: 'delta', position, bodies: [], checkpoint: false, more: true };
    return parts(beginPart(position, snapshot));
  }
  if (filling && delta.count === 0) return fills(position, true);
  return {
    mode: position.part ? 'delta-part' : 'delta',
    position: arrived(position, snapshot),
    bodies: [delta],
    checkpoint: !filling,
    more: filling,
  };
};

const pageRowsOf = ({ limits }: ServerContext, reader: Reader): number => reader.pageRows ?? limits.pageRows;

/** Entries of which a delta is still one page; beside a copy they are fewer. */
const deltaLimit = (ctx: ServerContext, reader: Reader, filling: boolean): number => {
  const rows = pageRowsOf(ctx, reader);
  return filling ? rows : Math.max(rows, Math.ceil(ctx.limits.answerBytes / SMALL_ROW));
};

/** Asks what `readPage` will ask of a client that stands at `position` and loses and gains no scope. */
export const foreseePage = async (
  ctx: ServerContext,
  tx: Queryable,
  reader: Reader,
  position: Position,
  view: ReaderView,
): Promise<void> => {
  const scopes = [...position.scopes.keys()].sort();
  const sorted = new Map(scopes.map((scope) => [scope, position.scopes.get(scope)!]));
  await together([
    readHorizons(tx, scopes),
    outcomesSince(tx, [reader.clientId], position.outcomes),
    position.part?.scope === undefined
      ? askDelta(tx, { ...position, scopes: sorted }, view, deltaLimit(ctx, reader, isFilling(position)))
      : undefined,
  ]);
};

/** All scopes and the client's outcomes are held up to the snapshot. */
const arrived = ({ view, scopes }: Position, snapshot: string): Position => ({
  view,
  outcomes: snapshot,
  scopes: new Map([...scopes].map(([scope, held]) => [scope, { ...held, s: snapshot }])),
});

const names = ({ outcomes, scopes, part }: Position, snapshot: string): boolean =>
  outcomes === snapshot ||
  part?.to === snapshot ||
  [...scopes.values()].some(({ s, fill }) => s === snapshot || fill?.to === snapshot);

const isEmpty = (
  lines: readonly ScopeLine[],
  outcomes: readonly Outcome[],
  { mode, bodies }: Content,
  { position, judgement }: Standing,
): boolean =>
  position !== null &&
  judgement.kind === 'valid' &&
  mode === 'delta' &&
  lines.length === 0 &&
  outcomes.length === 0 &&
  bodies.every(({ count }) => count === 0);

const pageLines = (
  { reader, standing, here, view }: PageAsked,
  offer: boolean,
  lines: readonly ScopeLine[],
  outcomes: readonly Outcome[],
  content: Content,
  token: string,
): string[] => [
  headLine({
    from: standing.digest,
    epoch: here.epoch,
    serverTime: here.at,
    schemaVersion: reader.schemaVersion,
    offer,
    mode: content.mode,
  }),
  ...lines.map(scopeLine),
  ...outcomesLines(outcomes),
  ...content.bodies.flatMap((body) => bodyLines(view.app, body)),
  ...(content.swept ?? []).map(sweptLine),
  tailLine({
    cursor: token,
    checkpoint: content.checkpoint,
    more: content.more,
    ...(content.remaining === undefined ? {} : { remaining: content.remaining }),
  }),
];
