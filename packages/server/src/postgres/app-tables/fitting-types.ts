import type { Column } from '@satchel/core';
import { unreachable } from '@satchel/protocol';

/** How an adopted column holds the values of a column of the app. */
export type Fit = 'same' | 'finer' | 'coarser' | 'unfit';

/** `type` is what `format_type` prints, for example `character varying(20)`. */
export const fitOf = (column: Column, type: string): Fit => {
  const base = type.replace(/\([^)]*\)/, '');
  const limits = /\(([^)]*)\)/.exec(type)?.[1];
  switch (column.type) {
    case 'id':
    case 'ref':
      return keyFit(column.keyType ?? 'text', base);
    case 'text':
    case 'document':
      if (base === 'text' || base === 'citext') return 'same';
      if (base === 'character varying') return limits === undefined ? 'same' : 'coarser';
      return base === 'character' ? 'coarser' : 'unfit';
    case 'integer':
    case 'counter':
    case 'serverId':
    case 'bigint':
      return base === 'bigint' ? 'same' : base === 'integer' || base === 'smallint' ? 'coarser' : 'unfit';
    case 'real':
      if (base === 'double precision') return 'same';
      return base === 'real' ? 'coarser' : base === 'numeric' ? 'finer' : 'unfit';
    case 'decimal':
      if (base === 'numeric') return limits === undefined ? 'same' : 'coarser';
      return base === 'bigint' || base === 'integer' || base === 'smallint' ? 'coarser' : 'unfit';
    case 'boolean':
      return base === 'boolean' ? 'same' : 'unfit';
    case 'date':
      return base === 'date' ? 'same' : 'unfit';
    case 'timestamp':
    case 'modifiedAt': {
      if (base !== 'timestamp with time zone' && base !== 'timestamp without time zone') return 'unfit';
      const digits = Number(limits ?? 6);
      return digits === 3 ? 'same' : digits > 3 ? 'finer' : 'coarser';
    }
    case 'json':
    case 'media':
      return base === 'jsonb' || base === 'json' ? 'same' : 'unfit';
    case 'set':
      return base === 'text[]' || base === 'character varying[]' ? 'same' : 'unfit';
    default:
      return unreachable(column.type);
  }
};

/** A key has one text only, so only types that keep it to the letter fit. */
const keyFit = (keyType: NonNullable<Column['keyType']>, base: string): Fit => {
  switch (keyType) {
    case 'text':
      return base === 'text' || base === 'character varying' ? 'same' : 'unfit';
    case 'uuid':
      return base === 'uuid' ? 'same' : 'unfit';
    case 'integer':
      return base === 'integer'
        ? 'same'
        : base === 'bigint'
          ? 'finer'
          : base === 'smallint'
            ? 'coarser'
            : 'unfit';
    case 'bigint':
      return base === 'bigint' ? 'same' : base === 'integer' || base === 'smallint' ? 'coarser' : 'unfit';
    default:
      return unreachable(keyType);
  }
};
