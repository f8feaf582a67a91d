import type { PullRequest } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import { recordAcked } from '../clients/ack.ts';
import { speakerOf } from '../clients/heard.ts';
import type { ServerContext } from '../context.ts';
import type { Position as Moment } from '../moments/generation.ts';
import { inGeneration } from '../moments/open-generation.ts';
import { waitFlushed } from '../moments/wait-flushed.ts';
import { noteDelivery } from '../operate/deliveries.ts';
import type { Transaction } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import { acknowledge } from './acknowledge.ts';
import { TornPage } from './body.ts';
import { foreseePage, readPage } from './page.ts';
import { cursorToPosition, oldestScope } from './position.ts';
import { checkVersions, type Reader } from './reader.ts';
import { readerView } from './reader-view.ts';
import { scopesFor, subscribedScopes } from './scopes.ts';
import { originOf, readStanding } from './standing.ts';
import { tokenToCursor } from './token.ts';

export type PullAnswer =
  | { readonly kind: 'unchanged' }
  /** JSON lines without line ends; `digest` is that of the cursor in the tail, `next` that cursor where there is more. */
  | {
      readonly kind: 'page';
      readonly lines: readonly string[];
      readonly digest: string;
      readonly next: string | null;
    };

/** A cursor older than this is replaced even when nothing is new, so that it never falls behind a horizon (rule 33). */
const FRESH_FOR = 86_400_000;
/** Snapshots in which a page may be torn before what is missing is sent as gone. */
const TORN_READS = 5;

/**
 * What is new for a client since its cursor: one page. `digest` is that of
 * `If-None-Match`.
 *
 * @throws `cursor_invalid`, `filter_invalid`, `protocol_too_old`, `protocol_too_new`,
 * `schema_unknown`, `schema_ahead`, `client_revoked`, `client_of_other_user`,
 * `scopes_too_many`
 */
export const pull = async (
  ctx: ServerContext,
  principal: Principal,
  request: PullRequest,
  digest: string | null,
): Promise<PullAnswer> => {
  checkVersions(ctx, request);
  const { note } = await speakerOf(ctx, ctx.db, principal, request.clientId, {
    client: request.client,
    direction: 'down',
  });
  if (request.settled) await recordAcked(ctx.db, request.clientId, request.settled);
  const reader: Reader = {
    principal,
    clientId: request.clientId,
    schemaVersion: request.schemaVersion,
    subscription: request.subscription,
    pageRows: request.pageRows,
    brief: request.brief,
  };
  const [answer] = await together([pullWhole(ctx, reader, request.cursor, digest), note()]);
  return answer;
};

const pullWhole = async (
  ctx: ServerContext,
  reader: Reader,
  cursor: string | null,
  digest: string | null,
): Promise<PullAnswer> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pullOnce(ctx, reader, cursor, digest, attempt >= TORN_READS);
    } catch (error) {
      if (!(error instanceof TornPage)) throw error;
    }
  }
};

const pullOnce = async (
  ctx: ServerContext,
  reader: Reader,
  token: string | null,
  digest: string | null,
  asGone: boolean,
): Promise<PullAnswer> => {
  const view = readerView(ctx, reader);
  const read = async (tx: Transaction, moment: Moment) => {
    const standing = await readStanding(tx, moment, token);
    const scopes = subscribedScopes(await scopesFor(ctx, tx, reader.principal), reader.subscription);
    const page = await readPage(ctx, tx, {
      reader,
      standing,
      here: { ...originOf(moment), snapshot: moment.snapshot },
      scopes,
      view,
      missing: asGone ? 'gone' : 'throw',
    });
    return { page, moment, standing };
  };
  const held = token === null ? null : cursorToPosition(tokenToCursor(token));
  const { page, moment, standing } = await inGeneration(ctx, read, async (tx) => {
    if (held !== null) await foreseePage(ctx, tx, reader, held, view);
  });
  if (standing.position && standing.judgement.kind === 'valid') {
    await acknowledge(ctx, reader.clientId, standing.position);
  }
  if (
    page.empty &&
    digest !== null &&
    digest === standing.digest &&
    isFresh(moment.at, standing.origin?.at)
  ) {
    return { kind: 'unchanged' };
  }
  if (page.minted) await waitFlushed(ctx, moment);
  const since = standing.position && page.news ? oldestScope(standing.position) : undefined;
  if (since !== undefined) noteDelivery(ctx, { since, devices: 1, at: ctx.clock.now() });
  return { kind: 'page', lines: page.lines, digest: page.digest, next: page.next };
};

const isFresh = (now: number, at: number | undefined): boolean => at !== undefined && now - at < FRESH_FOR;
