import type { PlainRow } from '../history.ts';

/*
 * The app of the simulation in plain words, written by hand beside `field-app.ts` and
 * sharing nothing with it: what the oracle reads.
 */

export type ColumnKind = 'key' | 'text' | 'integer' | 'date' | 'counter' | 'set' | 'reference' | 'moment';

/** How a clash of one column is decided. */
export type UpdateRule =
  | 'client-wins'
  | 'server-wins'
  | 'latest-wins'
  | 'earliest-wins'
  /** The boss beats others; between equals the latest. */
  | 'boss-wins'
  /** A person decides; the whole mutation waits. */
  | 'review-hold'
  /** Applied, and flagged for a person. */
  | 'review-apply'
  /** Counters add, sets unite. */
  | 'merge';

export interface DescribedColumn {
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  readonly rule: UpdateRule;
  /** Of a reference: the table it points to. A deleted parent takes the child along. */
  readonly parent?: string;
  /** Roles that may read it; absent: all. */
  readonly readBy?: readonly string[];
  /** Roles that may write it; absent: all. */
  readonly writtenBy?: readonly string[];
}

export type ScopeWords =
  /** `prefix` and the value of the column; null is no scope. */
  | { readonly kind: 'column'; readonly prefix: string; readonly column: string }
  /** The scopes of the row that the column points to. */
  | { readonly kind: 'parent'; readonly column: string; readonly table: string }
  /** `agent:` and each agent that `farm_agents` names for the row. */
  | { readonly kind: 'agents' }
  | { readonly kind: 'everybody' };

export interface DescribedTable {
  readonly columns: Readonly<Record<string, DescribedColumn>>;
  readonly scopes: readonly ScopeWords[];
  readonly insert: 'new-key' | 'merge' | 'reject';
  readonly delete: 'ask' | 'delete-wins' | 'edit-wins';
  /** Columns whose value no two rows share (nulls apart). */
  readonly unique: readonly string[];
  /** An unsent edit takes in the next one of its row. */
  readonly coalesce: boolean;
}

const key: DescribedColumn = { kind: 'key', nullable: false, rule: 'client-wins' };
const column = (
  kind: ColumnKind,
  rule: UpdateRule,
  more: Partial<DescribedColumn> = {},
): DescribedColumn => ({
  kind,
  nullable: false,
  rule,
  ...more,
});
const maybe = { nullable: true } as const;

/** The tables of the newest version, 3. */
export const TABLES: Readonly<Record<string, DescribedTable>> = {
  products: {
    columns: {
      id: key,
      storeId: column('text', 'latest-wins'),
      name: column('text', 'client-wins'),
      code: column('text', 'latest-wins', maybe),
      note: column('text', 'server-wins', maybe),
      remark: column('text', 'review-hold', maybe),
      flag: column('text', 'review-apply', maybe),
      price: column('integer', 'boss-wins', { writtenBy: ['boss', 'clerk'] }),
      stock: column('counter', 'merge'),
      tags: column('set', 'merge'),
      soldOn: column('date', 'latest-wins', maybe),
      origin: column('text', 'latest-wins', maybe),
      changedAt: column('moment', 'server-wins', maybe),
    },
    scopes: [{ kind: 'column', prefix: 'store:', column: 'storeId' }],
    insert: 'new-key',
    delete: 'edit-wins',
    unique: ['code'],
    coalesce: true,
  },
  customers: {
    columns: {
      id: key,
      storeId: column('text', 'client-wins'),
      firstName: column('text', 'client-wins'),
      lastName: column('text', 'client-wins'),
      visits: column('counter', 'merge'),
    },
    scopes: [{ kind: 'column', prefix: 'store:', column: 'storeId' }],
    insert: 'merge',
    delete: 'delete-wins',
    unique: [],
    coalesce: false,
  },
  sales: {
    columns: {
      id: key,
      productId: column('reference', 'client-wins', { parent: 'products' }),
      seller: column('text', 'client-wins'),
      total: column('integer', 'client-wins'),
      voided: column('text', 'client-wins', maybe),
    },
    scopes: [{ kind: 'parent', column: 'productId', table: 'products' }],
    insert: 'reject',
    delete: 'delete-wins',
    unique: [],
    coalesce: true,
  },
  saleLines: {
    columns: {
      id: key,
      saleId: column('reference', 'client-wins', { parent: 'sales' }),
      quantity: column('integer', 'client-wins'),
    },
    scopes: [{ kind: 'parent', column: 'saleId', table: 'sales' }],
    insert: 'reject',
    delete: 'delete-wins',
    unique: [],
    coalesce: true,
  },
  ledger: {
    columns: {
      id: key,
      storeId: column('text', 'client-wins'),
      author: column('text', 'client-wins'),
      amount: column('integer', 'client-wins'),
    },
    scopes: [{ kind: 'column', prefix: 'store:', column: 'storeId' }],
    insert: 'reject',
    delete: 'delete-wins',
    unique: [],
    coalesce: false,
  },
  farms: {
    columns: {
      id: key,
      region: column('text', 'server-wins', maybe),
      name: column('text', 'server-wins'),
      secret: column('text', 'server-wins', { nullable: true, readBy: ['boss'], writtenBy: ['boss'] }),
      calls: column('counter', 'merge'),
    },
    scopes: [{ kind: 'column', prefix: 'region:', column: 'region' }, { kind: 'agents' }],
    insert: 'new-key',
    delete: 'ask',
    unique: [],
    coalesce: true,
  },
  visits: {
    columns: {
      id: key,
      farmId: column('reference', 'client-wins', { parent: 'farms' }),
      finding: column('text', 'client-wins'),
    },
    scopes: [{ kind: 'parent', column: 'farmId', table: 'farms' }],
    insert: 'new-key',
    delete: 'delete-wins',
    unique: [],
    coalesce: true,
  },
  alerts: {
    columns: {
      id: key,
      storeId: column('text', 'client-wins'),
      what: column('text', 'client-wins'),
      ackedBy: column('text', 'earliest-wins', maybe),
    },
    scopes: [{ kind: 'column', prefix: 'store:', column: 'storeId' }],
    insert: 'reject',
    delete: 'delete-wins',
    unique: [],
    coalesce: true,
  },
};

/** Until version 3 was deployed, alerts were in scope `all`. */
export const ALERTS_FOR_ALL_UNTIL = 3;

/** Name of a table in a version, or `null` where that version does not know it. */
export const tableIn = (version: number, table: string): string | null => {
  if (table === 'alerts' && version < 2) return null;
  return table === 'visits' && version < 3 ? 'calls' : table;
};

/** A row of the newest version as a version shows it. */
export const rowIn = (version: number, table: string, row: PlainRow): PlainRow => {
  if (table === 'products' && version < 2) {
    const { name, origin: _, ...rest } = row;
    return { ...rest, ...(name === undefined ? {} : { label: name }) };
  }
  if (table === 'customers' && version < 3) {
    const { firstName, lastName, ...rest } = row;
    return {
      ...rest,
      fullName: lastName === '' ? String(firstName) : `${String(firstName)} ${String(lastName)}`,
      phone: 'no longer kept',
    };
  }
  return row;
};

/** What was written in a version, in the words of the newest; `null`: nothing is left of it. */
export const changeFrom = (
  version: number,
  table: string,
  values: PlainRow,
): { readonly table: string; readonly values: PlainRow } | null => {
  if (table === 'calls') return { table: 'visits', values };
  if (table === 'products' && version < 2 && 'label' in values) {
    const { label, ...rest } = values;
    return { table, values: { ...rest, name: label ?? null } };
  }
  if (table === 'customers' && version < 3) {
    const { fullName, phone: _, ...rest } = values;
    const [firstName, ...more] = String(fullName ?? '').split(' ');
    return {
      table,
      values: {
        ...rest,
        ...(fullName === undefined ? {} : { firstName: firstName ?? '', lastName: more.join(' ') }),
      },
    };
  }
  return { table, values };
};

/** Scopes that every user has, beside `store:` of each grant and `region:` of each right to a region. */
export const ownScopes = (user: string): readonly string[] => [`agent:${user}`, 'all'];
