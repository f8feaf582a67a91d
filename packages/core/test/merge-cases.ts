import type { Change, Values } from '@satchel/protocol';
import type {
  Column,
  ColumnType,
  ConflictPolicies,
  FieldWriter,
  Hlc,
  MergeTable,
  RowFacts,
  UpdatePolicy,
} from '../src/index.ts';

/** Builders for merge tests: a small table, its policies, and the facts of one mutation. */

export const MUTATION = '018bcfe5-6800-7000-8000-0000000000aa';
export const EARLIER = '018bcfe5-6800-7000-8000-000000000001';

const column = (name: string, type: ColumnType, more: Partial<Column> = {}): Column => ({
  name,
  type,
  nullable: true,
  ...more,
});

export const columns = {
  id: column('id', 'id', { nullable: false }),
  name: column('name', 'text'),
  note: column('note', 'text'),
  price: column('price', 'decimal'),
  stock: column('stock', 'counter', { nullable: false }),
  tags: column('tags', 'set', { nullable: false }),
  story: column('story', 'document'),
  ackAt: column('ackAt', 'timestamp'),
  number: column('number', 'serverId'),
  changedAt: column('changedAt', 'modifiedAt'),
};

export const tableWith = (update: UpdatePolicy, more: Partial<ConflictPolicies> = {}): MergeTable => ({
  name: 'products',
  columns,
  primaryKey: ['id'],
  conflicts: {
    update,
    insert: { kind: 'new-key' },
    delete: { kind: 'ask' },
    unique: { kind: 'reject' },
    fields: {},
    ...more,
  },
});

export const stamp = (millis: number, nodeId = 'phone'): Hlc => ({ millis, counter: 0, nodeId });

export const factsOf = (
  more: Partial<RowFacts> & { writers?: Readonly<Record<string, FieldWriter>> } = {},
): RowFacts => {
  const { writers = {}, ...rest } = more;
  return {
    mutationId: MUTATION,
    hlc: stamp(500),
    roles: [],
    clock: { lower: 0, upper: 1_000, tolerance: 60 },
    serverWriter: (name) => writers[name],
    ...rest,
  };
};

export const updateOf = (values: Values, base: Values | null, more: Partial<Change> = {}): Change => ({
  table: 'products',
  op: 'update',
  key: 'p1',
  values,
  ...(base && { confirmed: { version: 1, values: base } }),
  ...more,
});
