import { SatchelError, type ScopeLine } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Position as Moment } from '../moments/generation.ts';
import type { Transaction } from '../postgres/database.ts';
import { readHorizons } from '../pull/horizons.ts';
import { planPage } from '../pull/plan.ts';
import type { Position } from '../pull/position.ts';
import { scopesFor, subscribedScopes } from '../pull/scopes.ts';
import { readStanding } from '../pull/standing.ts';
import type { LiveSession } from './session.ts';

/** A session that a round brings in or moves, and what it is told first. */
export interface Arrival {
  readonly session: LiveSession;
  readonly scopes: readonly string[];
  /** The snapshot up to which it holds its scopes, and its own outcomes. */
  readonly since: string;
  readonly outcomesSince: string;
  readonly left: readonly ScopeLine[];
  /** Digest of its cursor, where that is news to the server. */
  readonly digest?: string;
}

/** The scopes of each principal, asked once a round. */
export type ScopesOfSession = (session: LiveSession) => Promise<readonly string[]>;

export const scopesInRound = (ctx: ServerContext, tx: Transaction): ScopesOfSession => {
  const known = new Map<Principal, Promise<readonly string[]>>();
  return async ({ reader: { principal, subscription } }) => {
    let scopes = known.get(principal);
    if (!scopes) {
      scopes = scopesFor(ctx, tx, principal);
      known.set(principal, scopes);
    }
    return subscribedScopes(await scopes, subscription);
  };
};

/**
 * Brings in a session that said where it is; `null` where it must pull first: it has
 * something to copy, its cursor is not of this history, or it may not be read.
 */
export const bringIn = async (
  tx: Transaction,
  moment: Moment,
  session: LiveSession,
  token: string,
  scopesOf: ScopesOfSession,
): Promise<Arrival | null> => {
  try {
    const standing = await readStanding(tx, moment, token);
    const scopes = await scopesOf(session);
    const plan = planPage({
      position: standing.position,
      judgement: standing.judgement,
      scopes,
      view: session.view,
      horizons: await readHorizons(tx, scopes),
      snapshot: moment.snapshot,
    });
    const since = placeOf(plan.position, moment.snapshot);
    if (plan.offer || since === undefined || standing.digest === null) return null;
    return {
      session,
      scopes,
      since,
      outcomesSince: plan.position.outcomes,
      left: plan.lines,
      digest: standing.digest,
    };
  } catch (error) {
    // The pull tells the client what is wrong.
    if (error instanceof SatchelError) return null;
    throw error;
  }
};

/** The one snapshot that all scopes stand at; `undefined` while anything is under way. */
const placeOf = ({ scopes, part }: Position, snapshot: string): string | undefined => {
  if (part) return undefined;
  const places = new Set<string>();
  for (const { s, fill } of scopes.values()) {
    if (fill) return undefined;
    places.add(s);
  }
  return places.size > 1 ? undefined : ([...places][0] ?? snapshot);
};

/**
 * Looks again at the rights of a session that follows. `same`: nothing changed. `null`:
 * it gained a scope, and must pull. Else scopes left it: it goes on with the others.
 */
export const lookAgain = async (
  session: LiveSession,
  before: readonly string[],
  snapshot: string,
  scopesOf: ScopesOfSession,
): Promise<Arrival | 'same' | null> => {
  let scopes: readonly string[];
  try {
    scopes = await scopesOf(session);
  } catch (error) {
    if (error instanceof SatchelError) return null;
    throw error;
  }
  const held = new Set(before);
  if (scopes.some((scope) => !held.has(scope))) return null;
  if (scopes.length === before.length) return 'same';
  const kept = new Set(scopes);
  const left = before
    .filter((scope) => !kept.has(scope))
    .map((scope): ScopeLine => ({ line: 'scope', scope, action: 'left' }));
  return { session, scopes, since: snapshot, outcomesSince: snapshot, left };
};
