import { type Conflict, type ConflictList, isUuid, type Json, SatchelError } from '@satchel/protocol';
import { type Command, type Given, isSet, textOption } from '../command.ts';
import { renderTable } from '../screen.ts';
import { askServer, serverHelp, serverOptions } from '../server-address.ts';

/** `satchel conflicts`: what waits for a person, and what was decided. */
export const conflicts: Command = {
  usage: [
    '[list] [--state open|escalated|settled] [--table NAME]',
    'show ID',
    'resolve ID --take client|server [--note TEXT]',
    'resolve ID --field COLUMN=client|server|JSON … [--note TEXT]',
    'escalate ID [--note TEXT]',
    'undo ID',
  ],
  words: 2,
  options: {
    ...serverOptions,
    state: { type: 'string' },
    table: { type: 'string' },
    take: { type: 'string' },
    field: { type: 'string', multiple: true },
    note: { type: 'string' },
  },
  help: {
    ...serverHelp,
    state: 'only conflicts in this state',
    table: 'only conflicts of this table',
    take: 'which side the whole record takes: client or server',
    field: 'one field: COLUMN=client, COLUMN=server, or COLUMN=<JSON value>; may be repeated',
    note: 'why, for the record',
  },
  async run(given) {
    const [verb = 'list', id] = given.words;
    switch (verb) {
      case 'list':
        return list(given);
      case 'show':
        return show(given, await askServer<Conflict>(given, 'GET', pathOf(id)));
      case 'resolve':
        return show(
          given,
          await askServer<Conflict>(given, 'POST', `${pathOf(id)}/resolve`, resolution(given)),
        );
      case 'escalate':
        return show(given, await askServer<Conflict>(given, 'POST', `${pathOf(id)}/escalate`, note(given)));
      case 'undo':
        return show(given, await askServer<Conflict>(given, 'POST', `${pathOf(id)}/undo`, {}));
      default:
        throw new SatchelError('usage', { detail: `satchel conflicts does not know ${verb}` });
    }
  },
};

const pathOf = (id: string | undefined): string => {
  if (id === undefined) throw new SatchelError('usage', { detail: 'Name the conflict by its id' });
  if (!isUuid(id))
    throw new SatchelError('usage', { detail: `${id} is no id; satchel conflicts shows them in full` });
  return `/v1/conflicts/${id}`;
};

const note = (given: Given): { readonly note?: string } => {
  const text = textOption(given, 'note');
  return text === undefined ? {} : { note: text };
};

const resolution = (given: Given): Json => {
  const fields = (given.options.field ?? []) as readonly string[];
  const take = textOption(given, 'take');
  if (fields.length > 0) {
    const chosen = Object.fromEntries(fields.map(fieldChoice));
    return { decision: 'merged', fields: chosen, ...note(given) };
  }
  if (take !== 'client' && take !== 'server')
    throw new SatchelError('usage', { detail: 'Say --take client, --take server, or --field COLUMN=…' });
  return { decision: `accept-${take}`, ...note(given) };
};

const fieldChoice = (text: string): [string, Json] => {
  const at = text.indexOf('=');
  if (at <= 0) throw new SatchelError('usage', { detail: `--field ${text} lacks a =` });
  const [column, choice] = [text.slice(0, at), text.slice(at + 1)];
  if (choice === 'client' || choice === 'server') return [column, { take: choice }];
  try {
    return [column, { take: 'value', value: JSON.parse(choice) as Json }];
  } catch (cause) {
    throw new SatchelError(
      'usage',
      { detail: `--field ${column}: ${choice} is neither client, server nor JSON` },
      { cause },
    );
  }
};

const STATES: readonly string[] = ['open', 'escalated', 'settled'] satisfies Conflict['state'][];

const list = async (given: Given): Promise<number> => {
  const asked = new URLSearchParams();
  for (const name of ['state', 'table'] as const) {
    const value = textOption(given, name);
    if (name === 'state' && value !== undefined && !STATES.includes(value))
      throw new SatchelError('usage', { detail: `--state takes ${STATES.join(', ')}, not ${value}` });
    if (value !== undefined) asked.set(name, value);
  }
  const all: Conflict[] = [];
  for (let after: string | undefined; ; ) {
    if (after !== undefined) asked.set('after', after);
    const page = await askServer<ConflictList>(given, 'GET', `/v1/conflicts?${asked}`);
    all.push(...page.conflicts);
    after = page.next;
    if (after === undefined) break;
  }
  if (isSet(given, 'json')) {
    given.screen.write(`${JSON.stringify({ conflicts: all })}\n`);
    return 0;
  }
  if (all.length === 0) {
    given.screen.write('No conflicts.\n');
    return 0;
  }
  const rows = all.map((one) => [
    one.conflictId,
    one.state,
    one.kind,
    `${one.table} ${one.key}`,
    one.columns.join(', '),
    one.author,
    one.decision ?? '',
  ]);
  given.screen.write(renderTable([['id', 'state', 'kind', 'row', 'columns', 'by', 'decision'], ...rows]));
  return 0;
};

const show = (given: Given, conflict: Conflict): number => {
  if (isSet(given, 'json')) {
    given.screen.write(`${JSON.stringify(conflict)}\n`);
    return 0;
  }
  const value = (values: Conflict['base'], column: string, none = '(no row)'): string =>
    values === null ? none : JSON.stringify(values[column] ?? null);
  const { conflictId, state, kind, table, key, author, policy, reason, decision, decidedBy } = conflict;
  given.screen.write(
    [
      `Conflict ${conflictId}: ${kind} of ${table} ${key}, ${state}`,
      `Written by ${author}${conflict.deviceName ? ` on ${conflict.deviceName}` : ''}; rule ${policy}${reason ? ` (${reason})` : ''}`,
      ...(decision
        ? [
            `Decided: ${decision}${decidedBy ? ` by ${decidedBy}` : ''}${conflict.note ? ` — ${conflict.note}` : ''}`,
          ]
        : []),
      '',
      renderTable([
        ['column', 'base', 'client', 'server', 'result'],
        ...conflict.columns.map((column) => [
          column,
          value(conflict.base, column),
          value(conflict.client, column),
          value(conflict.server, column),
          value(conflict.result, column, state === 'settled' ? '(no row)' : '(undecided)'),
        ]),
      ]),
    ].join('\n'),
  );
  return 0;
};
