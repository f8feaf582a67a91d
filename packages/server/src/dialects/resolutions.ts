import {
  type Conflict,
  type Decision,
  type Json,
  type ResolveRequest,
  SatchelError,
} from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { columnNamed } from './names.ts';
import { valuesFromWire, type WireObject } from './wire-values.ts';

/**
 * The documents' words for a decision. `accept_delete` takes the side that deleted,
 * `merge` goes field by field.
 */
const WORDS: Readonly<Record<string, Decision | 'delete' | 'merge'>> = {
  accept_client: 'accept-client',
  client_wins: 'accept-client',
  keep_local: 'accept-client',
  accept_server: 'accept-server',
  server_wins: 'accept-server',
  use_server: 'accept-server',
  accept_delete: 'delete',
  merge: 'merge',
  manual_merge: 'merge',
  manual: 'merge',
  escalate: 'escalated',
  escalate_to_support: 'escalated',
};

export const RESOLUTIONS = Object.keys(WORDS) as readonly string[];

/**
 * What a word of the documents asks for.
 *
 * A merge takes the given values; without any it takes, field by field, what the client
 * filled in, and the server's where the client left nothing.
 *
 * @throws `request_invalid`, `column_unknown`
 */
export const resolutionOf = (
  word: string,
  conflict: Conflict,
  table: Table,
  given: WireObject | undefined,
  note: string | undefined,
): ResolveRequest => {
  const meant = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  const rest = note === undefined ? {} : { note };
  switch (meant) {
    case undefined:
      throw new SatchelError('request_invalid', {
        path: 'resolution',
        reason: `expected one of ${RESOLUTIONS.join(', ')}`,
      });
    case 'delete':
      return { decision: conflict.client === null ? 'accept-client' : 'accept-server', ...rest };
    case 'merge':
      return {
        decision: 'merged',
        fields: given === undefined ? filledIn(conflict) : fieldsOf(table, given),
        ...rest,
      };
    default:
      return { decision: meant, ...rest };
  }
};

type Fields = NonNullable<ResolveRequest['fields']>;

const filledIn = ({ columns, client }: Conflict): Fields =>
  Object.fromEntries(
    columns.map((name) => [name, { take: (client?.[name] ?? null) === null ? 'server' : 'client' }]),
  );

const fieldsOf = (table: Table, given: WireObject): Fields => {
  for (const name of Object.keys(given))
    if (columnNamed(table, name) === undefined)
      throw new SatchelError('column_unknown', { table: table.name, column: name });
  return Object.fromEntries(
    Object.entries(valuesFromWire(table, given))
      .filter(([name]) => !table.primaryKey.includes(name))
      .map(([name, value]): [string, { take: 'value'; value: Json }] => [name, { take: 'value', value }]),
  );
};
