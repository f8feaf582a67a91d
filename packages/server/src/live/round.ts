import { ACCESS_SCOPE, ACCESS_TABLE_ID } from '../capture/access-watch.ts';
import type { ServerContext } from '../context.ts';
import type { Position as Moment } from '../moments/generation.ts';
import type { Queryable, Transaction } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import { entriesSince } from '../pull/entries.ts';
import { type Arrival, bringIn, lookAgain, type ScopesOfSession, scopesInRound } from './arrivals.ts';
import { type Audience, Audiences } from './audience.ts';
import { askedBy, type News, readNews, type Standers } from './news.ts';
import { findNews } from './read-news.ts';
import type { LiveSession, SessionState } from './session.ts';

/** Where all who follow stand. */
export interface Place {
  readonly snapshot: string;
  readonly generation: number;
  /** UTC milliseconds, by this node's clock. */
  readonly readAt: number;
}

/** The news of those who stand at one place. */
export interface Group {
  readonly news: News;
  readonly audiences: readonly Audience[];
}

/** What one round found, before anything is sent. */
export interface Round {
  readonly groups: readonly Group[];
  readonly arrivals: ReadonlyMap<LiveSession, Arrival>;
  /** Sessions that must pull. */
  readonly behind: ReadonlySet<LiveSession>;
  /** Sessions whose rights were looked at, with the number of those rights. */
  readonly checked: ReadonlyMap<LiveSession, number>;
  /** The states that all this was found for: who changed meanwhile is left alone. */
  readonly states: ReadonlyMap<LiveSession, SessionState>;
}

export interface RoundAsked {
  /** `null`: nobody follows yet. */
  readonly place: Place | null;
  readonly following: readonly Audience[];
  readonly joining: readonly LiveSession[];
}

/** Asks what `readRound` will ask where nobody comes, and no right has moved. */
export const foreseeRound = async (
  ctx: ServerContext,
  tx: Queryable,
  { place, following, joining }: RoundAsked,
): Promise<void> => {
  if (place === null || following.length === 0 || joining.length > 0) return;
  const standers = { since: place.snapshot, outcomesSince: place.snapshot, audiences: following };
  await together([
    mayMove(ctx) ? movedRights(tx, place) : undefined,
    findNews(tx, askedBy(standers, tableIdsOf(ctx))),
  ]);
};

/** Reads what is new for everybody, in one snapshot: rights first, then rows (rule 50). */
export const readRound = async (
  ctx: ServerContext,
  tx: Transaction,
  moment: Moment,
  { place, following, joining }: RoundAsked,
): Promise<Round> => {
  const behind = new Set<LiveSession>();
  const arrivals = new Map<LiveSession, Arrival>();
  const states = new Map<LiveSession, SessionState>();
  const checked = new Map<LiveSession, number>();
  const scopesOf = scopesInRound(ctx, tx);
  const stays = place !== null && place.generation === moment.generation.generation;
  if (stays) await recheck(ctx, tx, place, following, scopesOf, { behind, arrivals, states, checked });
  else {
    for (const audience of following) {
      for (const session of audience.sessions) {
        states.set(session, session.state);
        behind.add(session);
      }
    }
  }
  for (const session of joining) {
    const { state } = session;
    if (state.kind !== 'joining') continue;
    states.set(session, state);
    checked.set(session, session.rights);
    const arrival = await bringIn(tx, moment, session, state.token, scopesOf);
    if (arrival) arrivals.set(session, arrival);
    else behind.add(session);
  }
  const standers = groupStanders(stays ? place : null, following, arrivals, behind);
  const tableIds = tableIdsOf(ctx);
  const groups: Group[] = [];
  for (const group of standers) {
    groups.push({ news: await readNews(ctx, tx, group, tableIds), audiences: group.audiences });
  }
  return { groups, arrivals, behind, states, checked };
};

const tableIdsOf = (ctx: ServerContext): readonly number[] => [...ctx.tableIds.values()];

/** Rights are read from tables of the app. */
const mayMove = (ctx: ServerContext): boolean => ctx.app.scopesOf.kind === 'sql';

/** Something happened in a table that they are read from. */
const movedRights = async (tx: Queryable, { snapshot }: Place): Promise<boolean> =>
  (await entriesSince(tx, [ACCESS_SCOPE], snapshot, [ACCESS_TABLE_ID], 1)).length > 0;

interface Findings {
  readonly behind: Set<LiveSession>;
  readonly arrivals: Map<LiveSession, Arrival>;
  readonly states: Map<LiveSession, SessionState>;
  readonly checked: Map<LiveSession, number>;
}

/** Computes scopes anew for all when a table that rights are read from changed, else for those with a new token. */
const recheck = async (
  ctx: ServerContext,
  tx: Transaction,
  place: Place,
  following: readonly Audience[],
  scopesOf: ScopesOfSession,
  { behind, arrivals, states, checked }: Findings,
): Promise<void> => {
  const everybody = mayMove(ctx) && following.length > 0 && (await movedRights(tx, place));
  for (const audience of following) {
    for (const session of audience.sessions) {
      if (!everybody && session.rights === session.checkedRights) continue;
      states.set(session, session.state);
      checked.set(session, session.rights);
      const found =
        session.view === audience.view
          ? await lookAgain(session, audience.scopes, place.snapshot, scopesOf)
          : null;
      if (found === null) behind.add(session);
      else if (found !== 'same') arrivals.set(session, found);
    }
  }
};

/** Everybody by the place where he stands, so that each place is read from once. */
const groupStanders = (
  place: Place | null,
  following: readonly Audience[],
  arrivals: ReadonlyMap<LiveSession, Arrival>,
  behind: ReadonlySet<LiveSession>,
): readonly Standers[] => {
  const groups = new Map<string, { since: string; outcomesSince: string; audiences: Audience[] }>();
  const groupAt = (since: string, outcomesSince: string) => {
    const name = `${since} ${outcomesSince}`;
    let group = groups.get(name);
    if (!group) {
      group = { since, outcomesSince, audiences: [] };
      groups.set(name, group);
    }
    return group;
  };
  if (place && following.length > 0) {
    groupAt(place.snapshot, place.snapshot).audiences.push(
      ...following.map((audience) => without(audience, arrivals, behind)),
    );
  }
  const coming = new Map<string, Audiences>();
  for (const { session, scopes, since, outcomesSince } of arrivals.values()) {
    const name = `${since} ${outcomesSince}`;
    const audiences = coming.get(name) ?? new Audiences();
    coming.set(name, audiences);
    audiences.add(session, scopes, session.view);
    groupAt(since, outcomesSince);
  }
  for (const [name, audiences] of coming) groups.get(name)!.audiences.push(...audiences.all);
  return [...groups.values()];
};

/** The audience as it is, where nobody leaves it: the everyday case costs nothing. */
const without = (
  audience: Audience,
  arrivals: ReadonlyMap<LiveSession, Arrival>,
  behind: ReadonlySet<LiveSession>,
): Audience => {
  if (arrivals.size === 0 && behind.size === 0) return audience;
  const sessions = new Set<LiveSession>();
  for (const session of audience.sessions) {
    if (!arrivals.has(session) && !behind.has(session)) sessions.add(session);
  }
  return { ...audience, sessions };
};
