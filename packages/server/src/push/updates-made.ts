import { equalValues } from '@satchel/core';
import type { ServerContext } from '../context.ts';
import type { RecentUpdate } from '../live/recent.ts';
import { keyOfAddress, type RowAddress, tableOf } from './row-address.ts';
import type { RowState } from './row-state.ts';
import type { Written } from './settle.ts';
import type { NetEffect } from './write-rows.ts';

/** Effects of a batch that are worth remembering for live pages; larger ones are pulled. */
const MAX_EFFECTS = 100;

/** The updates among the effects, by the columns that they changed. */
export const updatesMade = (
  ctx: ServerContext,
  effects: readonly NetEffect[],
  read: ReadonlyMap<RowAddress, RowState>,
  written: Written,
): readonly RecentUpdate[] =>
  effects.length > MAX_EFFECTS
    ? []
    : effects.flatMap(({ address, before, after }): RecentUpdate[] => {
        const state = read.get(address);
        const version = written.version(address);
        const tableId = ctx.tableIds.get(tableOf(address));
        if (!before || !after || !state || version === undefined || tableId === undefined) return [];
        const now = written.again.get(address) ?? after;
        const changed = Object.entries(now).filter(
          ([name, value]) => !equalValues('json', before[name], value),
        );
        return [
          {
            tableId,
            key: keyOfAddress(address),
            base: state.version,
            version,
            values: Object.fromEntries(changed),
            scopes: state.scopes,
          },
        ];
      });
