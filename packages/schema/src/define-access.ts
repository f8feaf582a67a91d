import type { Columns } from '@satchel/core';
import type { Access, Operation } from './app.ts';
import { checkSettings, checkWord, mistake } from './mistake.ts';
import { checkColumn } from './names.ts';
import type { AccessInput, RolesInput } from './table-builder.ts';

export const OPERATIONS = ['read', 'insert', 'update', 'delete'] as const satisfies readonly Operation[];
/** The ways a user reaches Satchel. */
export const CHANNELS = ['mobile', 'web', 'agent', 'ussd', 'sms'] as const;

const EVERYBODY: readonly string[] = ['*'];

/** Access of one table. Absent: every signed-in user may do all, by every channel. */
export const defineAccess = (
  where: string,
  table: string,
  given: AccessInput,
  columns: Columns,
  primaryKey: readonly string[],
  checkRole: (where: string, role: unknown) => void,
): Access => {
  checkSettings(where, given, ['read', 'insert', 'update', 'delete', 'write', 'columns', 'channels']);
  const rolesOf = (here: string, input: RolesInput): readonly string[] => {
    const roles = typeof input === 'string' ? [input] : input;
    if (!Array.isArray(roles)) {
      throw mistake(here, 'expected a role or a list of roles', "Write for example ['manager'].");
    }
    for (const role of roles) if (role !== '*') checkRole(here, role);
    return [...roles];
  };
  const allowed = (operation: Operation): readonly string[] => {
    if (given[operation] !== undefined) return rolesOf(`${where}.${operation}`, given[operation]);
    if (operation !== 'read' && given.write !== undefined) return rolesOf(`${where}.write`, given.write);
    return EVERYBODY;
  };
  const operations = Object.fromEntries(
    OPERATIONS.map((operation) => [operation, allowed(operation)]),
  ) as unknown as Access['operations'];

  const narrower: Record<string, { read?: readonly string[]; write?: readonly string[] }> = {};
  for (const [name, rule] of Object.entries(given.columns ?? {})) {
    const here = `${where}.columns.${name}`;
    checkColumn(here, table, name, columns);
    checkSettings(here, rule, ['read', 'write']);
    if (rule?.read !== undefined && primaryKey.includes(name)) {
      throw mistake(
        `${here}.read`,
        `${name} is part of the key, which everybody who holds the row can read`,
        'Hide the rows by their scope instead.',
      );
    }
    narrower[name] = {
      ...(rule?.read === undefined ? {} : { read: rolesOf(`${here}.read`, rule.read) }),
      ...(rule?.write === undefined ? {} : { write: rolesOf(`${here}.write`, rule.write) }),
    };
  }

  const channels: Record<string, readonly Operation[]> = {};
  for (const [channel, allowedOperations] of Object.entries(given.channels ?? {})) {
    const here = `${where}.channels.${channel}`;
    checkWord(here, channel, CHANNELS);
    if (!Array.isArray(allowedOperations)) {
      throw mistake(here, 'expected a list of operations', "Write for example ['read', 'insert'].");
    }
    for (const operation of allowedOperations) checkWord(here, operation, OPERATIONS);
    channels[channel] = [...allowedOperations];
  }
  return { operations, columns: narrower, channels };
};
