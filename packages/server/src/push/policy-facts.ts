import type { RowFacts } from '@satchel/core';
import type { Change, Value, Values } from '@satchel/protocol';
import type { Facts } from './facts.ts';
import type { RowAddress } from './row-address.ts';
import type { Submitted } from './submitted.ts';

/** What the policies are told of one change, besides the values. */
export const rowFacts = (
  facts: Facts,
  submitted: Submitted,
  change: Change,
  address: RowAddress,
  became: (mutationId: string) => Values | null | undefined,
): RowFacts => {
  const { app, principal } = facts;
  const base = change.confirmed?.version;
  return {
    mutationId: submitted.mutation.mutationId,
    hlc: submitted.hlc,
    roles: principal.roles,
    clock: {
      // Looked up only where a policy goes by time.
      get lower() {
        return base === undefined ? 0 : facts.versionTime(address, base);
      },
      upper: facts.now,
      tolerance: app.limits.clockTolerance,
    },
    serverWriter: (column) => facts.writer(address, column),
    became: (mutationId, column): Value | undefined => {
      const row = became(mutationId);
      if (row === undefined) return facts.became(mutationId, address, column);
      return row === null ? undefined : row[column];
    },
    resolve: (name, input) => app.resolvers[name]?.(input) ?? { take: 'review' },
    ...(app.documents ? { documents: app.documents } : {}),
  };
};
