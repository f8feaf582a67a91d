import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { momentAt } from '../moments/moment.ts';
import type { Moment } from '../moments/note-moment.ts';
import { inGeneration } from '../moments/open-generation.ts';
import { type Position, positionToCursor } from '../pull/position.ts';
import { readerView } from '../pull/reader-view.ts';
import { scopesFor } from '../pull/scopes.ts';
import { readStanding } from '../pull/standing.ts';
import { cursorToToken } from '../pull/token.ts';

/** What a cursor says that a device holds; `undefined` where the server's history has been cut since. */
export const positionAt = (ctx: ServerContext, token: string | null): Promise<Position | null | undefined> =>
  token === null
    ? Promise.resolve(null)
    : inGeneration(ctx, async (tx, moment) => {
        const { position, judgement } = await readStanding(tx, moment, token);
        return judgement.kind === 'valid' ? position : undefined;
      });

/**
 * The cursor that a bare time stands for: the last moment before it, less the app's
 * overlap. Everything that was committed after that moment, whatever it is dated, is
 * still to come. `null` for a time before all that is known: everything.
 */
export const cursorAtTime = async (
  ctx: ServerContext,
  principal: Principal,
  tables: readonly string[] | undefined,
  time: number,
): Promise<string | null> => {
  // A clock that is ahead has seen no more than now.
  const before = Math.min(time, ctx.clock.now()) - ctx.app.http.overlap;
  const moment = await momentAt(ctx.db, before);
  if (moment === undefined) return null;
  return await inGeneration(ctx, async (tx, { generation }) => {
    if (moment.generation !== generation.generation) return null;
    const scopes = await scopesFor(ctx, tx, principal);
    return tokenOf(ctx, principal, tables, moment, generation.epoch, scopes);
  });
};

const tokenOf = (
  ctx: ServerContext,
  principal: Principal,
  tables: readonly string[] | undefined,
  { snapshot, generation, lsn, at }: Moment,
  epoch: string,
  scopes: readonly string[],
): string => {
  const view = readerView(ctx, {
    principal,
    schemaVersion: ctx.app.schemaVersion,
    subscription: tables === undefined ? undefined : { tables: [...tables] },
  });
  const position: Position = {
    view: view.hashes,
    outcomes: snapshot,
    scopes: new Map(scopes.map((scope) => [scope, { s: snapshot }])),
  };
  return cursorToToken(positionToCursor(position, { epoch, generation, lsn: String(lsn), at }));
};
