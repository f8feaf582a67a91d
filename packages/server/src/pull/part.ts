import type { Queryable } from '../postgres/database.ts';
import { type Body, type BodyOptions, readWithin } from './body.ts';
import { entriesBetween } from './entries.ts';
import type { PartPosition, Position } from './position.ts';
import type { ReaderView } from './reader-view.ts';

export interface PartRead {
  readonly position: Position;
  readonly bodies: readonly Body[];
}

/** A delta too large for one answer begins: everything up to the snapshot, scope after scope. */
export const beginPart = (position: Position, snapshot: string): Position => {
  const first = [...position.scopes.keys()].sort()[0];
  return { ...position, part: first === undefined ? { to: snapshot } : { to: snapshot, scope: first } };
};

/**
 * One page of a large delta (rule 45). What changes after the target falls out of the
 * walk, and comes with the delta from the target on.
 */
export const readPart = async (
  tx: Queryable,
  position: Position,
  part: PartPosition,
  view: ReaderView,
  rows: number,
  options: BodyOptions,
): Promise<PartRead> => {
  const names = [...position.scopes.keys()].sort();
  const scopes = new Map(position.scopes);
  const bodies: Body[] = [];
  let rowsLeft = rows;
  let bytesLeft = options.bytes;
  let going: PartPosition = part;
  while (going.scope !== undefined && rowsLeft > 0 && bytesLeft > 0) {
    const { scope } = going;
    const held = scopes.get(scope)!;
    const entries = await entriesBetween(tx, scope, held.s, part.to, going.at, view.order, rowsLeft);
    const { body, taken } = await readWithin(tx, view, entries, { ...options, bytes: bytesLeft });
    if (taken > 0) bodies.push(body);
    const last = entries[taken - 1];
    if (last && (taken < entries.length || taken === rowsLeft)) {
      going = { to: part.to, scope, at: [last.xid, last.tableId, last.key] };
    } else {
      scopes.set(scope, { ...held, s: part.to });
      const next = names.find((name) => name > scope);
      going = next === undefined ? { to: part.to } : { to: part.to, scope: next };
    }
    rowsLeft -= taken;
    bytesLeft -= body.bytes;
  }
  return { position: { ...position, scopes, part: going }, bodies };
};
