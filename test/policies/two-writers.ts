import type { Outcome, PushResponse, Values } from '@satchel/protocol';
import { expect } from 'vitest';
import type { Line } from './markdown-table.ts';
import type { Stage, Write } from './stage.ts';
import { type At, assignmentsOf, canonicalText, columnOf, fromJson } from './values.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

const writeOf = (cell: string, table: string, start: string): Write => {
  const [, time = '', who = '', synced, rest = ''] =
    /^(\d\d:\d\d) ([\w-]+)( synced)?: (.*)$/.exec(cell) ?? [];
  if (time === '') throw new Error(`not a write: ${cell}`);
  const other = /^none (\w+) (.*)$/.exec(rest);
  const shared = { time, who, synced: synced !== undefined };
  if (rest === 'delete') return { ...shared, table, op: 'delete', values: {} };
  if (other) return { ...shared, table: other[1] ?? '', op: 'insert', values: assignmentsOf(other[2] ?? '') };
  return { ...shared, table, op: start === 'none' ? 'insert' : 'update', values: assignmentsOf(rest) };
};

/** The later morning's `10:45`: every case has a morning of its own. */
const morning = (from: number): { readonly base: number; readonly at: At } => {
  const base = Math.ceil((from + 1) / (2 * HOUR)) * 2 * HOUR;
  return {
    base,
    at: (time) => {
      const [hours = 0, minutes = 0] = time.split(':').map(Number);
      return base + (hours - 10) * HOUR + minutes * MINUTE;
    },
  };
};

/** Plays one case and compares all that it says. */
export const play = async (stage: Stage, line: Line): Promise<void> => {
  const { start = '', table = '' } = line;
  const { time } = stage.field;
  const { base, at } = morning(time.now());
  await time.until(base);
  const first =
    (line.first ?? '-') === '-'
      ? []
      : (line.first ?? '').split(' / ').map((cell) => writeOf(cell, table, start));
  const then = writeOf(line.then ?? '', table, start);
  const key = assignmentsOf(start === 'none' ? '' : start).id ?? (first[0] ?? then).values.id ?? '';

  // What all have.
  if (start === 'none') await stage.empty(table);
  else await stage.put(table, assignmentsOf(start), at);
  const people = [...new Set([...first, then].map(({ who }) => who).filter((who) => who !== 'sql'))];
  for (const who of people) await (await stage.device(who)).sync();

  // Everybody writes at his time; then the first ones reach the server, and the last one.
  const device = await stage.device(then.who);
  let mutationId: string | null = null;
  const early = then.synced ? first : [...first, then];
  for (const write of [...early].sort((a, b) => at(a.time) - at(b.time))) {
    await time.until(at(write.time));
    const made = await stage.write(write, key, at);
    if (write === then) mutationId = made;
  }
  for (const { who } of first) if (who !== 'sql') await (await stage.device(who)).sync();
  if (then.synced) {
    await time.until(at(then.time));
    await device.sync();
    mutationId = await stage.write(then, key, at);
  }
  await time.pass(5 * MINUTE);
  const before = device.exchanges.length;
  await device.sync();

  const outcome = outcomeOf(device.exchanges.slice(before), mutationId ?? '');
  const problem = outcome.problem?.code ?? outcome.changes.find((change) => change.problem)?.problem?.code;
  expect([outcome.outcome, ...(problem === undefined ? [] : [problem])].join(' '), 'outcome').toBe(
    line.outcome,
  );
  if (outcome.outcome === 'rejected') {
    const quarantined = (await device.db.quarantine.list()).map((entry) => entry.mutationId);
    expect(quarantined, 'quarantine').toContain(mutationId);
    await device.db.quarantine.discard(mutationId ?? '');
  }
  for (const who of people) await (await stage.device(who)).sync();
  const pending = outcome.outcome === 'review' ? people.filter((who) => who !== then.who) : people;
  await compareRows(stage, table, key, line.row ?? '', at, pending);
  if (outcome.outcome === 'review' && then.op === 'update') await compareOwn(stage, then, key, at);
  const conflictId = await compareConflict(stage, table, mutationId ?? '', line.conflict ?? '', at);

  if ((line.decided ?? '-') === '-') return;
  for (const step of (line.decided ?? '').split(', ')) {
    await time.pass(MINUTE);
    await decide(stage, conflictId ?? '', step, table, at);
  }
  for (const who of people) await (await stage.device(who)).sync();
  await compareRows(stage, table, key, line['in the end'] ?? '', at, people);
  expect((await device.db.status()).pending, 'pending in the end').toBe(0);
};

const outcomeOf = (
  exchanges: readonly { readonly path: string; readonly answer: string }[],
  mutationId: string,
): Outcome => {
  for (const { path, answer } of exchanges) {
    if (path !== '/v1/push') continue;
    for (const one of (JSON.parse(answer) as PushResponse).answers)
      if (one.kind === 'outcome' && one.outcome.mutationId === mutationId) return one.outcome;
  }
  throw new Error(`no outcome of ${mutationId}`);
};

const expected = (stage: Stage, table: string, cell: string, at: At): Values =>
  Object.fromEntries(
    Object.entries(assignmentsOf(cell)).map(([name, text]) => [
      name,
      canonicalText(columnOf(stage.table(table), name), text, at),
    ]),
  );

/** The server and these devices have the row, and no other that the case does not speak of. */
const compareRows = async (
  stage: Stage,
  table: string,
  key: string,
  cell: string,
  at: At,
  people: readonly string[],
): Promise<void> => {
  const [own = '', beside] = cell.split(' & ');
  const sides: (readonly [side: string, rows: readonly Values[]])[] = [
    ['the server', await stage.onServer(table)],
  ];
  for (const who of people) {
    const rows = await stage.onDevice(who, table);
    if (rows !== null) sides.push([who, rows]);
  }
  for (const [side, rows] of sides) {
    const row = rows.find(({ id }) => id === key);
    if (own === 'gone') expect(row, `row on ${side}`).toBeUndefined();
    else expect(row, `row on ${side}`).toMatchObject(expected(stage, table, own, at));
    if (beside === undefined) continue;
    const others = rows.filter(({ id }) => id !== key);
    if (beside === 'alone') expect(others, `other rows on ${side}`).toEqual([]);
    else
      expect(others, `other rows on ${side}`).toMatchObject([
        expected(stage, table, beside.replace(/^another /, ''), at),
      ]);
  }
};

/** While a person is asked, the writer goes on seeing what was written. */
const compareOwn = async (stage: Stage, then: Write, key: string, at: At): Promise<void> => {
  const rows = await stage.onDevice(then.who, then.table);
  const own = Object.entries(then.values).map(([name, text]) => `${name}=${text}`);
  expect(
    rows?.find(({ id }) => id === key),
    'row on the device that waits',
  ).toMatchObject(expected(stage, then.table, own.join('; '), at));
};

interface Kept {
  readonly conflict_id: string;
  readonly state: string;
  readonly decision: string | null;
  readonly client: Readonly<Record<string, unknown>> | null;
  readonly decided_who: string | { readonly role: string };
}

/** The one record of the clash that the mutation left, or none. */
const compareConflict = async (
  stage: Stage,
  table: string,
  mutationId: string,
  cell: string,
  at: At,
): Promise<string | null> => {
  const { rows } = await stage.field.db.query<Kept>(
    'select conflict_id, state, decision, client, decided_who from satchel.conflicts where $1::uuid = any(mutation_ids)',
    [mutationId],
  );
  if (cell === 'none') {
    expect(rows, 'conflicts').toEqual([]);
    return null;
  }
  const [, how = '', values = ''] = /^([\w -]+): (.*)$/.exec(cell) ?? [];
  expect(rows, 'conflicts').toHaveLength(1);
  const [record] = rows as [Kept];
  const who = typeof record.decided_who === 'string' ? record.decided_who : record.decided_who.role;
  expect(record.state === 'open' ? `ask ${who}` : record.decision, 'how it ended').toBe(how);
  if (values !== '-') {
    const wanted = expected(stage, table, values, at);
    const kept = Object.fromEntries(
      Object.keys(wanted).map((name) => [
        name,
        fromJson(columnOf(stage.table(table), name), record.client?.[name]),
      ]),
    );
    expect(kept, 'what the conflict keeps').toEqual(wanted);
  }
  return record.conflict_id;
};

/** `agent merged cropType=client acreage=2`, `staff undo`, `reader accept-client refused`. */
const decide = async (
  stage: Stage,
  conflictId: string,
  step: string,
  table: string,
  at: At,
): Promise<void> => {
  const [who = '', verb = ''] = step.split(' ');
  const refused = step.endsWith(' refused');
  const fields = Object.fromEntries(
    [...step.matchAll(/(\w+)=("[^"]*"|\[[^\]]*\]|\S+)/g)].map(([, name = '', text = '']) => {
      if (text === 'client' || text === 'server') return [name, { take: text }];
      const column = columnOf(stage.table(table), name);
      const plain = text.startsWith('"') && column.type !== 'json' ? text.slice(1, -1) : text;
      return [name, { take: 'value', value: canonicalText(column, plain, at) }];
    }),
  );
  const path = `/v1/conflicts/${conflictId}`;
  const answer =
    verb === 'undo' || verb === 'escalate'
      ? await stage.ask(who, 'POST', `${path}/${verb}`, {})
      : await stage.ask(who, 'POST', `${path}/resolve`, {
          decision: verb,
          ...(verb === 'merged' ? { fields } : {}),
        });
  // Who may not even see the conflict is told that there is none.
  const status = refused ? expect.toSatisfy((code) => code === 403 || code === 404) : 200;
  expect(answer, `${step} is answered`).toMatchObject({ status });
};
