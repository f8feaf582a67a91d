import { equalJson } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import type { Resolver } from '@satchel/schema';

type Entries = Readonly<Record<string, Json>>;

const entriesOf = (value: Json | undefined): Entries =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Entries) : {};

const same = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : equalJson(a, b);

/**
 * Merges two maps key by key: what only one side changed is that side's; where both
 * changed the same key the server's stays.
 */
export const keyByKey: Resolver = ({ base, client, server }) => {
  const [before, mine, theirs] = [entriesOf(base), entriesOf(client), entriesOf(server)];
  const merged: Record<string, Json> = {};
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const value = same(theirs[name], before[name]) ? mine[name] : theirs[name];
    if (value !== undefined) merged[name] = value;
  }
  return { take: 'value', value: merged };
};
