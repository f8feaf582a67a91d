import type {
  Column,
  Columns,
  ConflictPolicies,
  DeletePolicy,
  InsertPolicy,
  PolicyNotes,
  UniquePolicy,
  UpdatePolicy,
} from '@satchel/core';
import { isServerGiven } from './define-columns.ts';
import { checkKnown, checkSettings, checkWhole, checkWord, mistake } from './mistake.ts';
import { checkColumn } from './names.ts';
import type { ConflictsInput, UpdatePolicyInput } from './policies.ts';

/** What the policies of a table are checked against. */
export interface PolicySurroundings {
  readonly table: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  readonly hasUnique: boolean;
  readonly resolvers: readonly string[];
  readonly checkRole: (where: string, role: unknown) => void;
}

const NOTES = ['by', 'notify', 'reason'] as const;
const EXPIRY = ['expireAfter', 'then'] as const;

/** Settings of each kind of policy, besides its notes. */
const UPDATE: Readonly<Record<UpdatePolicy['kind'], readonly string[]>> = {
  'server-wins': [],
  'client-wins': [],
  'latest-wins': [],
  'earliest-wins': ['column'],
  'role-wins': ['role', 'then'],
  merge: ['then'],
  review: ['until', ...EXPIRY],
  custom: ['name'],
};
const INSERT: Readonly<Record<InsertPolicy['kind'], readonly string[]>> = {
  'new-key': [],
  merge: ['then'],
  reject: [],
};
const DELETE: Readonly<Record<DeletePolicy['kind'], readonly string[]>> = {
  ask: EXPIRY,
  'delete-wins': [],
  'edit-wins': [],
};
const UNIQUE: Readonly<Record<UniquePolicy['kind'], readonly string[]>> = {
  reject: [],
  review: EXPIRY,
  'merge-into': [],
};

type Policy = UpdatePolicy | InsertPolicy | DeletePolicy | UniquePolicy;

/** Columns that commute by nature: they merge unless their policy says otherwise. */
const commutes = (column: Column): boolean =>
  column.type === 'counter' || column.type === 'set' || column.type === 'document';

/** Where given, the notes are of known words; absent notes fall to those of the table. */
const defineNotes = (
  where: string,
  given: PolicyNotes,
  fallback: PolicyNotes,
  { checkRole }: PolicySurroundings,
): PolicyNotes => {
  const by = given.by ?? fallback.by;
  if (typeof by === 'object' && by !== null) {
    checkSettings(`${where}.by`, by, ['role']);
    checkRole(`${where}.by.role`, by.role);
  } else if (by !== undefined) checkWord(`${where}.by`, by, ['author', 'administrators']);
  const notify = given.notify ?? fallback.notify;
  if (notify !== undefined) checkWord(`${where}.notify`, notify, ['none', 'passive', 'must-review']);
  const reason = given.reason ?? fallback.reason;
  if (reason !== undefined && typeof reason !== 'string') {
    throw mistake(`${where}.reason`, 'the reason is not a text', 'Say in a sentence why the rule is so.');
  }
  return {
    ...(by === undefined ? {} : { by: typeof by === 'object' ? { ...by } : by }),
    ...(notify === undefined ? {} : { notify }),
    ...(reason === undefined ? {} : { reason }),
  };
};

const defineExpiry = (where: string, given: Readonly<Record<string, unknown>>): object => {
  if (given.expireAfter !== undefined)
    checkWhole(`${where}.expireAfter`, given.expireAfter, 1, 'milliseconds');
  if (given.then !== undefined) {
    checkWord(`${where}.then`, given.then, ['server-wins', 'client-wins', 'reject']);
    if (given.expireAfter === undefined) {
      throw mistake(`${where}.then`, 'a review that never expires', 'Add expireAfter, for example days(7).');
    }
  }
  return {
    ...(given.expireAfter === undefined
      ? {}
      : { expireAfter: given.expireAfter, then: given.then ?? 'server-wins' }),
  };
};

/** One policy, its word or its object, of one of the `kinds`. */
const definePolicy = (
  where: string,
  input: unknown,
  kinds: Readonly<Record<string, readonly string[]>>,
  fallback: PolicyNotes,
  surroundings: PolicySurroundings,
): Policy => {
  const given = (typeof input === 'string' ? { kind: input } : input) as Readonly<Record<string, unknown>>;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw mistake(where, 'this is not a policy', `Give one of: ${Object.keys(kinds).join(', ')}.`);
  }
  checkWord(where, given.kind, Object.keys(kinds));
  const kind = given.kind as string;
  const own = kinds[kind]!;
  if (kind === 'role-wins' && given.role === undefined) {
    throw mistake(where, 'role-wins needs a role', "Write roleWins('manager').");
  }
  if (kind === 'custom' && given.name === undefined) {
    throw mistake(where, 'custom needs the name of a resolver', "Write custom('nameOfResolver').");
  }
  checkSettings(where, given, ['kind', ...NOTES, ...own]);
  const notes = defineNotes(where, given as PolicyNotes, fallback, surroundings);
  const { table, columns, resolvers, checkRole } = surroundings;
  const settings: Record<string, unknown> = {};
  if (own.includes('column') && given.column !== undefined) {
    checkColumn(`${where}.column`, table, given.column, columns);
    settings.column = given.column;
  }
  if (own.includes('role')) {
    checkRole(`${where}.role`, given.role);
    settings.role = given.role;
  }
  if (own.includes('name')) {
    checkKnown(`${where}.name`, 'resolver', String(given.name), resolvers);
    settings.name = given.name;
  }
  if (own.includes('until')) {
    settings.until = given.until ?? 'hold';
    checkWord(`${where}.until`, settings.until, ['hold', 'apply']);
  }
  if (own.includes('expireAfter')) Object.assign(settings, defineExpiry(where, given));
  else if (own.includes('then')) {
    settings.then = definePolicy(`${where}.then`, given.then ?? 'server-wins', UPDATE, notes, surroundings);
  }
  return { ...notes, ...settings, kind } as Policy;
};

/** A key can be given anew where it is a single text that no other table decides. */
const canHaveNewKey = ({ columns, primaryKey }: PolicySurroundings): boolean => {
  const only = columns[primaryKey[0]!]!;
  return (
    primaryKey.length === 1 &&
    (only.type === 'text' || (only.type === 'id' && (only.keyType === 'text' || only.keyType === 'uuid')))
  );
};

/**
 * The policies of a table. Defaults: update `server-wins`, delete `ask`, unique
 * `reject`, insert `new-key` where a new key can be made, else `merge`. Counters, sets
 * and text documents merge, and what does not falls to the table's update policy.
 */
export const defineConflicts = (
  where: string,
  given: ConflictsInput,
  surroundings: PolicySurroundings,
): ConflictPolicies => {
  checkSettings(where, given, ['update', 'insert', 'delete', 'unique', 'fields', ...NOTES]);
  const { table, columns, primaryKey, hasUnique } = surroundings;
  const shared = defineNotes(where, given, {}, surroundings);
  const updatePolicy = (here: string, input: UpdatePolicyInput): UpdatePolicy =>
    definePolicy(here, input, UPDATE, shared, surroundings) as UpdatePolicy;

  const update = updatePolicy(`${where}.update`, given.update ?? 'server-wins');
  const newKey = canHaveNewKey(surroundings);
  const insert = definePolicy(
    `${where}.insert`,
    given.insert ?? (newKey ? 'new-key' : 'merge'),
    INSERT,
    shared,
    surroundings,
  ) as InsertPolicy;
  if (insert.kind === 'new-key' && !newKey) {
    throw mistake(
      `${where}.insert`,
      `no new key can be made for ${table} (${primaryKey.join(', ')})`,
      "Use 'merge' or 'reject', or a key of one id() column of type text or uuid.",
    );
  }
  if (given.unique !== undefined && !hasUnique) {
    throw mistake(`${where}.unique`, `${table} has no unique columns`, "Add unique: ['code'] to the table.");
  }
  if (given.fields !== undefined) checkSettings(`${where}.fields`, given.fields, Object.keys(given.fields));
  const fields: Record<string, UpdatePolicy> = {};
  for (const [name, input] of Object.entries(given.fields ?? {})) {
    const here = `${where}.fields.${name}`;
    checkColumn(here, table, name, columns);
    if (primaryKey.includes(name)) {
      throw mistake(here, `${name} is part of the key and never changes`, 'Leave it out.');
    }
    if (isServerGiven(columns[name]!)) {
      throw mistake(here, `${name} is given by the server and never clashes`, 'Leave it out.');
    }
    if (input !== undefined) fields[name] = updatePolicy(here, input);
  }
  for (const column of Object.values(columns)) {
    if (commutes(column) && fields[column.name] === undefined) {
      fields[column.name] = { ...shared, kind: 'merge', then: update };
    }
  }
  return {
    update,
    insert,
    delete: definePolicy(
      `${where}.delete`,
      given.delete ?? 'ask',
      DELETE,
      shared,
      surroundings,
    ) as DeletePolicy,
    unique: definePolicy(
      `${where}.unique`,
      given.unique ?? 'reject',
      UNIQUE,
      shared,
      surroundings,
    ) as UniquePolicy,
    fields,
  };
};
