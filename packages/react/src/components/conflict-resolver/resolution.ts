import { type Column, canonicalJson } from '@satchel/core';
import type { Conflict, Json, ResolveRequest, Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { isTelling } from '../parts/telling-columns.ts';

/** What a person chose for a field. */
export type Choice =
  | { readonly take: 'client' }
  | { readonly take: 'server' }
  /** Both lists as one. */
  | { readonly take: 'both' }
  | { readonly take: 'value'; readonly value: Json };

export interface ConflictField {
  readonly name: string;
  readonly column: Column | undefined;
  /** Undefined: not known. */
  readonly base: Json | undefined;
  readonly client: Json | undefined;
  readonly server: Json | undefined;
  /** A person has to choose: both sides changed it, and not to the same value; or the value is another row's. */
  readonly clashes: boolean;
  /** Either side changed it. */
  readonly changed: boolean;
  /** Both sides are lists, so that both can be kept. */
  readonly isList: boolean;
}

export type Choices = Readonly<Record<string, Choice>>;

export const same = (a: Json | undefined, b: Json | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));

const of = (values: Values | null, name: string): Json | undefined =>
  values !== null && Object.hasOwn(values, name) ? (values[name] as Json) : undefined;

/**
 * The fields of a conflict, those that clash first. A side that does not name a field
 * left it as it was.
 */
export const fieldsOf = (conflict: Conflict, table: Table | undefined): readonly ConflictField[] => {
  const { base, client, columns, server } = conflict;
  const names = new Set([
    ...columns,
    ...[base, client, server].flatMap((values) => Object.keys(values ?? {})),
  ]);
  const key = table?.primaryKey ?? [];
  const fields = [...names]
    .filter((name) => !key.includes(name))
    .map((name): ConflictField => {
      const before = of(base, name);
      const here = of(client, name) ?? before;
      const there = of(server, name) ?? before;
      return {
        name,
        column: table?.columns[name],
        base: before,
        client: here,
        server: there,
        // Of a unique value the server's side is the row that has it: only a value of one's own helps.
        clashes:
          conflict.kind === 'unique'
            ? columns.includes(name)
            : !same(here, there) && (columns.includes(name) || (!same(here, before) && !same(there, before))),
        // Where nobody knows what was before, two values that are alike are no change.
        changed: !same(here, there) || (before !== undefined && !same(here, before)),
        isList: Array.isArray(here) && Array.isArray(there),
      };
    });
  // Keys of other rows and what the server fills in say nothing to a person, unless they clash.
  const readable = fields.filter(({ clashes, name }) => clashes || isTelling(table, name));
  return [...readable.filter(({ clashes }) => clashes), ...readable.filter(({ clashes }) => !clashes)];
};

/** Fields as a person goes through them: those to choose, those that merge by themselves, the rest. */
export const grouped = (
  fields: readonly ConflictField[],
): {
  readonly clashing: readonly ConflictField[];
  readonly merging: readonly ConflictField[];
  readonly unchanged: readonly ConflictField[];
} => ({
  clashing: fields.filter(({ clashes }) => clashes),
  merging: fields.filter(({ changed, clashes }) => changed && !clashes),
  unchanged: fields.filter(({ changed, clashes }) => !changed && !clashes),
});

/** The side that changed a field which does not clash. */
const ofItself = (field: ConflictField): Choice =>
  same(field.client, field.base) ? { take: 'server' } : { take: 'client' };

const union = (a: readonly Json[], b: readonly Json[]): Json[] => {
  const known = new Map([...a, ...b].map((item) => [canonicalJson(item), item]));
  return [...known.keys()].sort().map((name) => known.get(name) as Json);
};

/** Members that both kept, or that either side added; what either took away is gone. */
const mergedList = (field: ConflictField): Json => {
  const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
  const has = (items: readonly Json[], item: Json): boolean => items.some((one) => same(one, item));
  const [base, here, there] = [list(field.base), list(field.client), list(field.server)];
  return union(here, there).filter((item) => !has(base, item) || (has(here, item) && has(there, item)));
};

export const choiceOf = (field: ConflictField, choices: Choices): Choice | undefined =>
  choices[field.name] ?? (field.clashes ? undefined : ofItself(field));

/** What the field would become; undefined while it is not decided. */
export const resultOf = (field: ConflictField, choice: Choice | undefined): Json | undefined => {
  switch (choice?.take) {
    case undefined:
      return undefined;
    case 'client':
      return field.client;
    case 'server':
      return field.server;
    case 'both':
      return mergedList(field);
    case 'value':
      return choice.value;
  }
};

export type MergeAnswer =
  | { readonly may: true; readonly because: 'fields' | 'lists' }
  | { readonly may: false; readonly because: 'same-field'; readonly fields: readonly string[] }
  | { readonly may: false; readonly because: 'one-side-gone' };

/** Whether both sides can be kept without a person choosing: other fields, or lists. */
export const mergeAnswer = (conflict: Conflict, fields: readonly ConflictField[]): MergeAnswer => {
  if (conflict.kind === 'delete' || conflict.client === null || conflict.server === null)
    return { may: false, because: 'one-side-gone' };
  const stuck = fields.filter(({ clashes, isList }) => clashes && !isList);
  if (stuck.length > 0) return { may: false, because: 'same-field', fields: stuck.map(({ name }) => name) };
  return { may: true, because: fields.some(({ clashes }) => clashes) ? 'lists' : 'fields' };
};

/** The choices of a merge: both lists where they clash. */
export const mergedChoices = (fields: readonly ConflictField[]): Choices =>
  Object.fromEntries(
    fields.filter(({ clashes }) => clashes).map(({ name }) => [name, { take: 'both' } satisfies Choice]),
  );

/** The decision field by field; every field that clashes must be chosen. */
export const requestOf = (fields: readonly ConflictField[], choices: Choices): ResolveRequest => {
  const chosen = fields.flatMap((field): [string, NonNullable<ResolveRequest['fields']>[string]][] => {
    const choice = choiceOf(field, choices);
    // What neither clashes nor was touched by the person stands as it is.
    if (choice === undefined || (!field.clashes && choices[field.name] === undefined)) return [];
    return [[field.name, choice.take === 'both' ? { take: 'value', value: mergedList(field) } : choice]];
  });
  const fallback = fields[0];
  if (chosen.length === 0 && fallback)
    chosen.push([fallback.name, ofItself(fallback) as { take: 'client' } | { take: 'server' }]);
  return { decision: 'merged', fields: Object.fromEntries(chosen) };
};

export const leftToDecide = (fields: readonly ConflictField[], choices: Choices): number =>
  fields.filter((field) => choiceOf(field, choices) === undefined).length;
