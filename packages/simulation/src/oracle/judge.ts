import { addedUp, alike, type Cell, type Cells, joined } from './cells.ts';
import type { EditRule, OracleChange, OracleTable, Receipt, Stamp } from './model.ts';

/** Who wrote a column last, as far as the server believed the clock. */
export interface LastWriter {
  readonly stamp: Stamp;
  readonly roles: readonly string[];
  readonly write: string;
}

/** A row of the reference: its cells, or null when it is deleted; what it last was; who wrote what. */
export interface ReferenceRow {
  readonly cells: Cells | null;
  readonly last: Cells;
  readonly writers: Readonly<Record<string, LastWriter>>;
}

export type Gravity = 'applied' | 'merged' | 'superseded' | 'review' | 'rejected';

/** What becomes of one change. */
export interface Ruling {
  readonly outcome: Gravity;
  /** The row afterwards; `undefined`: nothing is done to it; null: it is deleted. */
  readonly after: Cells | null | undefined;
  /** Columns that clashed; empty when nothing did. */
  readonly clash: readonly string[];
  /** Whether a person is asked. */
  readonly open: boolean;
  /** It lives on under another key. */
  readonly otherKey: boolean;
  readonly writers: Readonly<Record<string, LastWriter>>;
  readonly code?: string;
}

export interface Facts {
  readonly write: string;
  readonly stamp: Stamp;
  readonly receipt: Receipt;
  readonly row: ReferenceRow | undefined;
  /** What a settled write made of a column of this row. */
  became(write: string, column: string): Cell | undefined;
}

const ruling = (outcome: Gravity, after: Cells | null | undefined, more: Partial<Ruling> = {}): Ruling => ({
  outcome,
  after,
  clash: [],
  open: false,
  otherKey: false,
  writers: {},
  ...more,
});

const ruleOf = (table: OracleTable, column: string, otherwise: EditRule): EditRule =>
  table.fields[column] ?? otherwise;

/** Which of two edits of a column somebody's rule asks for; `undefined`: nobody asks. */
const timeAsked = (table: OracleTable, wanted: string): 'earlier' | 'later' | undefined => {
  let found: 'earlier' | 'later' | undefined;
  for (const column of [table.key, ...Object.keys(table.columns)]) {
    let rule: EditRule | undefined = ruleOf(table, column, table.edits);
    while (rule) {
      if (rule.kind === 'earliest-wins' && (rule.column ?? column) === wanted) return 'earlier';
      if ((rule.kind === 'latest-wins' || rule.kind === 'role-wins') && column === wanted) found = 'later';
      rule = rule.kind === 'role-wins' || rule.kind === 'merge' ? rule.then : undefined;
    }
  }
  return found;
};

/** The stamp as far as it can be true: not before what its author knew, not after its arrival. */
const believed = (stamp: Stamp, since: number, { at, tolerance }: Receipt, loses: number): Stamp => {
  const until = Math.max(since, at);
  if (stamp.millis >= since && stamp.millis <= until) return stamp;
  const far = stamp.millis < since - tolerance || stamp.millis > until + tolerance;
  const millis = far ? loses : stamp.millis < since ? since : until;
  return { millis, counter: 0, node: stamp.node };
};

const isAfter = (a: LastWriter, b: LastWriter): boolean => {
  if (a.stamp.millis !== b.stamp.millis) return a.stamp.millis > b.stamp.millis;
  if (a.stamp.counter !== b.stamp.counter) return a.stamp.counter > b.stamp.counter;
  if (a.stamp.node !== b.stamp.node) return a.stamp.node > b.stamp.node;
  return a.write > b.write;
};

const asWriter = (
  asked: 'earlier' | 'later',
  since: number,
  { write, stamp, receipt }: Facts,
): LastWriter => ({
  write,
  roles: receipt.roles,
  stamp: believed(stamp, since, receipt, asked === 'later' ? since : Math.max(since, receipt.at)),
});

const beats = (asked: 'earlier' | 'later', me: LastWriter, other: LastWriter): boolean =>
  asked === 'later' ? isAfter(me, other) : isAfter(other, me) && me.write !== other.write;

const decides = (
  rule: EditRule,
  column: string,
  since: number,
  facts: Facts,
): 'client' | 'server' | 'hold' | 'apply' => {
  const writers = facts.row?.writers ?? {};
  switch (rule.kind) {
    case 'server-wins':
      return 'server';
    case 'client-wins':
      return 'client';
    case 'latest-wins': {
      const other = writers[column];
      return other && beats('later', asWriter('later', since, facts), other) ? 'client' : 'server';
    }
    case 'earliest-wins': {
      const other = writers[rule.column ?? column];
      return other && beats('earlier', asWriter('earlier', since, facts), other) ? 'client' : 'server';
    }
    case 'role-wins': {
      const mine = facts.receipt.roles.includes(rule.role);
      const theirs = writers[column]?.roles.includes(rule.role) ?? false;
      if (mine !== theirs) return mine ? 'client' : 'server';
      return rule.then ? decides(rule.then, column, since, facts) : 'server';
    }
    case 'merge':
      return rule.then ? decides(rule.then, column, since, facts) : 'server';
    case 'review':
      return rule.until ?? 'hold';
  }
};

interface Field {
  readonly column: string;
  readonly value: Cell;
  readonly how: 'kept' | 'agreed' | 'client' | 'mixed' | 'server' | 'hold' | 'apply' | 'overflow';
  readonly clash: boolean;
}

interface FieldFacts {
  readonly told: Cell | undefined;
  readonly saw: Cell | undefined;
  readonly became: Cell | undefined;
  readonly wrote: Cell;
  readonly server: Cell;
}

const judgeField = (
  table: OracleTable,
  column: string,
  rule: EditRule,
  { told, saw, became, wrote, server }: FieldFacts,
  since: number,
  facts: Facts,
): Field => {
  const kind = table.columns[column]?.kind ?? 'plain';
  const is = (value: Cell | undefined): boolean => value !== undefined && alike(kind, value, server);
  const field = (how: Field['how'], value: Cell, clash = false): Field => ({ column, how, value, clash });
  const agreed = (): Field => field(alike(kind, wrote, server) ? 'agreed' : 'kept', server);
  if (kind === 'given') return agreed();
  // Left as it was: no edit.
  if (saw !== undefined && alike(kind, saw, wrote)) return agreed();
  if (is(saw)) return field('client', wrote);
  if (saw !== undefined && (kind === 'counter' || kind === 'set')) {
    const mixed = kind === 'counter' ? addedUp(server, saw, wrote) : joined(server, saw, wrote);
    if (mixed === undefined) return field('overflow', server);
    if (alike(kind, mixed, server)) return agreed();
    return field(alike(kind, mixed, wrote) ? 'client' : 'mixed', mixed);
  }
  if (is(wrote)) return agreed();
  if (is(became) || is(told)) return field('client', wrote);
  const decision = decides(rule, column, since, facts);
  return field(decision, decision === 'client' || decision === 'apply' ? wrote : server, true);
};

const tookEffect = ({ how }: Field): boolean => how === 'client' || how === 'mixed' || how === 'apply';

/** How the columns of a row come out together. */
const together = (
  table: OracleTable,
  fields: readonly Field[],
  row: Cells,
  since: number,
  facts: Facts,
): Ruling => {
  if (fields.some(({ how }) => how === 'overflow'))
    return ruling('rejected', undefined, { code: 'counter_overflow' });
  const clash = fields.filter((field) => field.clash).map(({ column }) => column);
  if (fields.some(({ how }) => how === 'hold')) return ruling('review', undefined, { clash, open: true });
  const writers: Record<string, LastWriter> = {};
  for (const field of fields) {
    const asked = timeAsked(table, field.column);
    if (asked === undefined) continue;
    const me = asWriter(asked, since, facts);
    const other = facts.row?.writers[field.column];
    if (tookEffect(field) || (field.how === 'agreed' && (!other || beats(asked, me, other))))
      writers[field.column] = me;
  }
  const changed = fields.filter(tookEffect);
  const lost = fields.some(({ how }) => how === 'server');
  const mixed = clash.length > 0 || fields.some(({ how }) => how === 'mixed');
  const after = { ...row };
  for (const { column, value } of changed) after[column] = value;
  return ruling(lost ? 'superseded' : mixed ? 'merged' : 'applied', changed.length > 0 ? after : undefined, {
    clash,
    writers,
    open: fields.some(({ how }) => how === 'apply'),
  });
};

const fieldsOfUpdate = (table: OracleTable, change: OracleChange, row: Cells, facts: Facts): Field[] =>
  Object.entries(change.wrote).map(([column, wrote]) => {
    const from = change.unsettled[column];
    const told = change.told?.[column];
    return judgeField(
      table,
      column,
      ruleOf(table, column, table.edits),
      {
        told,
        saw: from === undefined ? told : change.saw?.[column],
        became: from === undefined ? undefined : facts.became(from, column),
        wrote,
        server: row[column] ?? null,
      },
      change.toldAt,
      facts,
    );
  });

const judgeUpdate = (table: OracleTable, change: OracleChange, facts: Facts): Ruling => {
  const { row } = facts;
  if (!row) return ruling('rejected', undefined, { code: 'row_missing' });
  const columns = Object.keys(change.wrote);
  if (row.cells) {
    return together(table, fieldsOfUpdate(table, change, row.cells, facts), row.cells, change.toldAt, facts);
  }
  if (table.deletes === 'ask') return ruling('review', undefined, { clash: columns, open: true });
  if (table.deletes === 'delete-wins') return ruling('superseded', undefined, { clash: columns });
  const merged = together(
    table,
    fieldsOfUpdate(table, change, row.last, facts),
    row.last,
    change.toldAt,
    facts,
  );
  if (merged.outcome === 'review' || merged.outcome === 'rejected') return merged;
  return {
    ...merged,
    outcome: merged.outcome === 'superseded' ? 'superseded' : 'merged',
    after: merged.after ?? row.last,
    clash: columns,
    open: false,
  };
};

const judgeInsert = (table: OracleTable, change: OracleChange, facts: Facts): Ruling => {
  const there = facts.row?.cells ?? null;
  const stamps: Record<string, LastWriter> = {};
  for (const column of [table.key, ...Object.keys(change.wrote)]) {
    const asked = timeAsked(table, column);
    if (asked) stamps[column] = asWriter(asked, change.toldAt, facts);
  }
  if (!there) return ruling('applied', change.wrote, { writers: stamps });
  const columns = Object.keys(change.wrote);
  const differs = columns.some((column) => {
    const kind = table.columns[column]?.kind ?? 'plain';
    return kind !== 'given' && !alike(kind, change.wrote[column], there[column]);
  });
  if (!differs) return ruling('applied', undefined);
  const rule = table.inserts;
  if (rule.kind !== 'merge') {
    return rule.kind === 'reject'
      ? ruling('rejected', undefined, { code: 'row_exists' })
      : ruling('merged', change.wrote, { otherKey: true, clash: columns, writers: stamps });
  }
  const otherwise = rule.then ?? ({ kind: 'server-wins' } as const);
  const fields = columns.map((column) =>
    judgeField(
      table,
      column,
      ruleOf(table, column, otherwise),
      {
        told: null,
        saw: null,
        became: undefined,
        wrote: change.wrote[column]!,
        server: there[column] ?? null,
      },
      change.toldAt,
      facts,
    ),
  );
  const merged = together(table, fields, there, change.toldAt, facts);
  return merged.outcome === 'applied' ? { ...merged, outcome: 'merged' } : merged;
};

const judgeDelete = (table: OracleTable, change: OracleChange, facts: Facts): Ruling => {
  const there = facts.row?.cells ?? null;
  if (!there) return ruling('applied', undefined);
  const known = new Set([...Object.keys(change.told ?? {}), ...Object.keys(change.unsettled)]);
  const edited = [...known].filter((column) => {
    const kind = table.columns[column]?.kind ?? 'plain';
    if (kind === 'given') return false;
    const from = change.unsettled[column];
    const ours = [
      change.told?.[column],
      ...(from === undefined ? [] : [change.saw?.[column], facts.became(from, column)]),
    ];
    return !ours.some((value) => value !== undefined && alike(kind, value, there[column]));
  });
  if (edited.length === 0) return ruling('applied', null);
  switch (table.deletes) {
    case 'ask':
      return ruling('review', undefined, { clash: edited, open: true });
    case 'delete-wins':
      return ruling('merged', null, { clash: edited });
    case 'edit-wins':
      return ruling('superseded', undefined, { clash: edited });
  }
};

/** What becomes of one change, by the rules alone. */
export const judge = (table: OracleTable, change: OracleChange, facts: Facts): Ruling => {
  switch (change.op) {
    case 'insert':
      return judgeInsert(table, change, facts);
    case 'update':
      return judgeUpdate(table, change, facts);
    case 'delete':
      return judgeDelete(table, change, facts);
  }
};
