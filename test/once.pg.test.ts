import { canonicalJson, type Random, UuidV7Source } from '@satchel/core';
import type { Change, Json, Mutation, Outcome, PushAnswer } from '@satchel/protocol';
import { type Database, signToken, systemClock } from '@satchel/server';
import { type FaultyProxy, NO_FAULTS, startFaultyProxy } from '@satchel/testing/faulty-proxy';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { seededRandom } from '@satchel/testing/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Device, openDevice, SECRET } from './devices.ts';
import app from './processes/ledger-app.mjs';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/*
 * Applied once, however often it is sent and by whichever way: two server processes on
 * one database, a road that loses a third of the answers and doubles requests, the same
 * mutations sent to both servers at the same moment, in other batches, and replayed.
 */

const LONG = process.env.SATCHEL_LONG !== undefined;
const SENDERS = 6;
// A whole number for each sender, and for each device.
const MUTATIONS = LONG ? 8_004 : 2_400;
const DEVICES = 3;
const WRITES = LONG ? 2_001 : 600;
const COUNTERS = 10;
const SEED = Number(process.env.SATCHEL_SEED ?? 1);
const TEAM = '1';

const FAULTS = { ...NO_FAULTS, delay: [0, 3], loseRequest: 0.03, loseAnswer: 0.3, duplicate: 0.15 } as const;

let database: TestDatabase;
const servers: ServerProcess[] = [];
const proxies: FaultyProxy[] = [];
const devices: Device[] = [];
const crashes: unknown[] = [];

beforeAll(async () => {
  database = await testDatabase();
  const start = () => startServerProcess({ url: database.url, secret: SECRET, port: 0 });
  // Both at the same moment, over an empty database.
  servers.push(...(await Promise.all([start(), start()])));
  for (const [at, { port }] of servers.entries())
    proxies.push(
      await startFaultyProxy({ targetPort: port, random: seededRandom(SEED * 10 + at), faults: FAULTS }),
    );
});
afterAll(async () => {
  await Promise.all(devices.map((device) => device.remove()));
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await Promise.all(servers.map((server) => server.stop()));
  await database.drop();
});

type Kind = 'count' | 'note' | 'clash' | 'label' | 'draft' | 'refused';

/** What a mutation must have done by the end, whatever it went through. */
interface Expected {
  readonly kind: Kind;
  readonly counter: number;
  readonly amount: number;
  readonly mutation: Mutation;
}

/** Every answer that anybody got. */
class Answers {
  readonly first = new Map<string, string>();
  readonly outcomes = new Map<string, Outcome>();
  readonly differing: string[] = [];
  readonly #fresh = new Map<string, number>();
  repeats = 0;

  take(answers: readonly PushAnswer[]): void {
    for (const answer of answers) {
      if (answer.kind !== 'outcome') continue;
      const { repeat = false, ...outcome } = answer.outcome;
      const { mutationId } = outcome;
      if (repeat) this.repeats += 1;
      else this.#fresh.set(mutationId, (this.#fresh.get(mutationId) ?? 0) + 1);
      const text = canonicalJson(outcome as unknown as Json);
      const known = this.first.get(mutationId);
      if (known === undefined) {
        this.first.set(mutationId, text);
        this.outcomes.set(mutationId, outcome);
      } else if (known !== text) this.differing.push(`${known}\n  then ${text}`);
    }
  }

  /** Mutations that were twice told to have been done just now. */
  get doneTwice(): string[] {
    return [...this.#fresh].flatMap(([id, count]) => (count > 1 ? [id] : []));
  }
}

/** A client that knows the wire alone, so that each answer can be looked at. */
class Sender {
  readonly expected: Expected[] = [];
  readonly batches: string[] = [];
  requests = 0;
  readonly #number: number;
  readonly #token: string;
  readonly #random: Random;
  readonly #ids: UuidV7Source;
  readonly #clientId: string;
  readonly #runId: string;
  readonly #answers: Answers;
  #seq = 0;
  #drafts = 0;
  #clashes = 0;

  constructor(number: number, token: string, answers: Answers) {
    this.#number = number;
    this.#token = token;
    this.#answers = answers;
    this.#random = seededRandom(SEED * 1_000 + number);
    this.#ids = new UuidV7Source(systemClock, this.#random);
    this.#clientId = this.#ids.next();
    this.#runId = this.#ids.next();
  }

  #pick(bound: number): number {
    return Math.floor(this.#random.next() * bound);
  }

  #make(): Expected {
    const counter = this.#pick(COUNTERS);
    const amount = 1 + this.#pick(9);
    const kind = (
      ['count', 'count', 'count', 'note', 'note', 'note', 'clash', 'label', 'draft', 'refused'] as const
    )[this.#pick(10)]!;
    const mutationId = this.#ids.next();
    this.#seq += 1;
    const mutation: Mutation = {
      mutationId,
      seq: this.#seq,
      hlc: `${systemClock.now()}:0:${this.#clientId.slice(0, 8)}`,
      author: userOf(this.#number),
      schemaVersion: 1,
      changes: this.#changes(kind, mutationId, `c${counter}`, amount),
    };
    return { kind, counter, amount, mutation };
  }

  #changes(kind: Kind, mutationId: string, counterId: string, amount: number): Change[] {
    const add: Change = {
      table: 'counters',
      op: 'update',
      key: counterId,
      values: { total: 1_000 + amount },
      // What this device has seen is long past: only the difference counts.
      confirmed: { version: 1, values: { total: 1_000 } },
    };
    const note = (key: string, team: string): Change => ({
      table: 'notes',
      op: 'insert',
      key,
      values: { id: key, team, counterId, amount, writer: mutationId },
    });
    switch (kind) {
      case 'count':
        return [add];
      case 'note':
        return [note(`n-${mutationId}`, TEAM), add];
      case 'clash':
        // Every sender gives the same names: the server makes new keys.
        this.#clashes += 1;
        return [note(`clash-${this.#clashes}`, TEAM), add];
      case 'label':
        return [
          {
            table: 'counters',
            op: 'update',
            key: counterId,
            values: { label: `by ${mutationId}` },
            confirmed: { version: 1, values: { label: 'first' } },
          },
        ];
      case 'draft': {
        const key = `d-${this.#number}-${this.#drafts}`;
        this.#drafts += 1;
        return [
          {
            table: 'drafts',
            op: 'delete',
            key,
            confirmed: { version: 1, values: { id: key, team: TEAM, writer: 'first' } },
          },
        ];
      }
      case 'refused':
        return [add, note(`x-${mutationId}`, 'another')];
    }
  }

  /** Sends new mutations until each has been answered, as a device on a bad road does, and worse. */
  async run(mutations: number): Promise<void> {
    while (this.expected.length < mutations) {
      const batch = Array.from(
        { length: Math.min(1 + this.#pick(12), mutations - this.expected.length) },
        () => this.#make(),
      );
      this.expected.push(...batch);
      let open = batch.map(({ mutation }) => mutation);
      let batchId = this.#ids.next();
      this.batches.push(batchId);
      while (open.length > 0) {
        const ways: Promise<void>[] = [this.#push(this.#pick(2), batchId, open)];
        // The same at the same moment: to the other server, to the same one, in another batch.
        if (this.#pick(2) === 0) ways.push(this.#push(this.#pick(2), batchId, open));
        if (this.#pick(4) === 0) ways.push(this.#push(this.#pick(2), this.#ids.next(), open.toReversed()));
        if (this.#pick(4) === 0) ways.push(this.#replay(this.#pick(2), this.#oneOf(this.batches)));
        await Promise.all(ways);
        open = open.filter(({ mutationId }) => !this.#answers.first.has(mutationId));
        // What was not answered goes out again, at times in a new batch.
        if (this.#pick(2) === 0) batchId = this.#ids.next();
      }
    }
  }

  /** Long after: old requests turn up again. */
  async haunt(times: number): Promise<void> {
    for (let count = 0; count < times; count += 1) {
      const at = this.#pick(this.expected.length);
      await this.#push(
        this.#pick(2),
        this.#ids.next(),
        this.expected.slice(at, at + 10).map(({ mutation }) => mutation),
      );
      await this.#replay(this.#pick(2), this.#oneOf(this.batches));
    }
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[this.#pick(list.length)]!;
  }

  #push(server: number, batchId: string, mutations: readonly Mutation[]): Promise<void> {
    return this.#ask(server, '/v1/push', {
      protocolVersion: 1,
      schemaVersion: 1,
      batchId,
      clientId: this.#clientId,
      runId: this.#runId,
      sentAt: `${systemClock.now()}:0:${this.#clientId.slice(0, 8)}`,
      mutations,
    });
  }

  #replay(server: number, batchId: string): Promise<void> {
    return this.#ask(server, `/v1/batches/${batchId}/replay`, { dryRun: this.#pick(3) === 0 });
  }

  async #ask(server: number, path: string, body: object): Promise<void> {
    this.requests += 1;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${proxies[server]!.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      text = await response.text();
    } catch {
      return;
    }
    // The request that was to keep the batch was lost on its way.
    if (response.status === 404 && path.endsWith('/replay')) return;
    if (response.status !== 200) throw new Error(`${path} ${response.status}: ${text}`);
    const { answers, dryRun = false } = JSON.parse(text) as { answers: PushAnswer[]; dryRun?: boolean };
    // A dry run of what is not settled yet promises nothing.
    if (!dryRun) this.#answers.take(answers);
  }
}

const userOf = (number: number): string => `sender${number}`;

const numbers = async (db: Database, sql: string): Promise<Map<string, number>> =>
  new Map(
    (await db.query<{ name: string; count: number }>(sql)).rows.map(({ name, count }) => [
      name,
      Number(count),
    ]),
  );

/** A real client, whose writes go by the same road: each adds one and keeps a note of it. */
const writeAndDrain = async (device: Device, writes: number): Promise<void> => {
  const { db, name } = device;
  const random = seededRandom(SEED * 5_000 + Number(name.slice(6)));
  const ids = new UuidV7Source(systemClock, random);
  for (;;) {
    const { problem } = (await db.sync.now()) ?? {};
    if (problem === undefined && (await db.status()).complete) break;
  }
  for (let count = 0; count < writes; count += 1) {
    const counterId = `c${Math.floor(random.next() * COUNTERS)}`;
    await db.write([
      { sql: 'update counters set total = total + 1 where id = ?', parameters: [counterId] },
      {
        sql: 'insert into notes (id, team, counter_id, amount, writer) values (?, ?, ?, 1, ?)',
        parameters: [ids.next(), TEAM, counterId, name],
      },
    ]);
    if (count % 20 === 0) await db.sync.now();
  }
  while ((await db.status()).pending > 0) await db.sync.now();
};

test('[POINT-2] once: lost answers, twins, other batches, replays and two servers: one effect, the first outcome', {
  timeout: LONG ? 900_000 : 180_000,
}, async () => {
  const { db } = database;
  await db.query(
    `insert into counters (id, team, label, total) select 'c' || n, $1, 'first', 0 from generate_series(0, $2) n`,
    [TEAM, COUNTERS - 1],
  );
  await db.query(
    `insert into drafts (id, team, writer)
       select 'd-' || s || '-' || n, $1, 'first' from generate_series(0, $2) s, generate_series(0, $3) n`,
    [TEAM, SENDERS - 1, MUTATIONS - 1],
  );
  const started = performance.now();
  const answers = new Answers();
  const senders = await Promise.all(
    Array.from({ length: SENDERS }, async (_, number) => {
      const request = { userId: userOf(number), claims: { team: TEAM }, lifetime: 7_200 };
      return new Sender(number, await signToken(SECRET, request, systemClock), answers);
    }),
  );
  for (let number = 0; number < DEVICES; number += 1)
    devices.push(
      await openDevice({
        app,
        server: proxies[number % 2]!.url,
        name: `device${number}`,
        claims: { team: TEAM },
        live: true,
        onCrash: (error) => crashes.push(error),
      }),
    );
  await Promise.all([
    ...senders.map((sender) => sender.run(MUTATIONS / SENDERS)),
    ...devices.map((device) => writeAndDrain(device, WRITES / DEVICES)),
  ]);
  await Promise.all(senders.map((sender) => sender.haunt(LONG ? 40 : 10)));
  const took = performance.now() - started;

  // The first outcome, each time.
  expect(answers.differing).toEqual([]);
  expect(answers.doneTwice).toEqual([]);
  expect(answers.repeats).toBeGreaterThan(MUTATIONS / 4);
  const all = senders.flatMap(({ expected }) => expected);
  const kept = await db.query<{ mutation_id: string; outcome: string }>(
    `select mutation_id::text, outcome ->> 'outcome' as outcome from satchel.mutations`,
  );
  expect(kept.rows.length).toBe(MUTATIONS + WRITES);
  const outcomes = new Map(kept.rows.map((row) => [row.mutation_id, row.outcome]));
  for (const { mutation, kind } of all) {
    const outcome = outcomes.get(mutation.mutationId);
    expect(outcome, `${kind} ${mutation.mutationId}`).toBe(
      answers.outcomes.get(mutation.mutationId)?.outcome,
    );
    if (kind === 'refused') expect(outcome).toBe('rejected');
    else expect(outcome, kind).not.toBe('rejected');
  }

  // One effect: the sums, the rows, what the audit has of each change.
  const counted = all.filter(({ kind }) => kind === 'count' || kind === 'note' || kind === 'clash');
  const own = await numbers(
    db,
    `select counter_id as name, sum(amount)::bigint as count from notes where writer like 'device%' group by 1`,
  );
  const totals = await numbers(db, 'select id as name, total as count from counters');
  for (let counter = 0; counter < COUNTERS; counter += 1) {
    const sent = counted
      .filter((one) => one.counter === counter)
      .reduce((sum, { amount }) => sum + amount, 0);
    expect(totals.get(`c${counter}`), `counter ${counter}`).toBe(sent + (own.get(`c${counter}`) ?? 0));
  }
  expect([...own.values()].reduce((sum, count) => sum + count, 0)).toBe(WRITES);

  const notes = await numbers(db, 'select writer as name, count(*) as count from notes group by 1');
  for (const { kind, mutation } of all) {
    const expected = kind === 'note' || kind === 'clash' ? 1 : undefined;
    expect(notes.get(mutation.mutationId), `notes of a ${kind}`).toBe(expected);
  }
  const deleted = all.filter(({ kind }) => kind === 'draft').length;
  const { rows: left } = await db.query<{ count: number }>('select count(*)::int as count from drafts');
  expect(left[0]?.count).toBe(SENDERS * MUTATIONS - deleted);

  const audit = await numbers(
    db,
    `select mutation_id::text as name, count(*) as count from satchel.audit where mutation_id is not null group by 1`,
  );
  const conflicts = await numbers(
    db,
    `select m.id::text as name, count(*) as count from satchel.conflicts c, unnest(c.mutation_ids) m(id)
        where c.kind = 'update' group by 1`,
  );
  for (const { kind, mutation } of all) {
    const outcome = outcomes.get(mutation.mutationId)!;
    const effects = outcome === 'rejected' || outcome === 'superseded' ? undefined : mutation.changes.length;
    expect(audit.get(mutation.mutationId), `audit of a ${kind}, ${outcome}`).toBe(effects);
    expect(conflicts.get(mutation.mutationId) ?? 0, `conflicts of a ${kind}, ${outcome}`).toBe(
      outcome === 'superseded' ? 1 : 0,
    );
  }
  const twice = await db.query(
    `select mutation_id, table_id, key from satchel.audit where mutation_id is not null group by 1, 2, 3 having count(*) > 1`,
  );
  expect(twice.rows).toEqual([]);

  for (const device of devices) {
    for (const proxy of proxies) proxy.setFaults(NO_FAULTS);
    await device.db.sync.now();
    const here = await device.db.all('select id, total from counters order by id');
    expect(here.map((row) => [row.id, Number(row.total)])).toEqual(
      [...totals].sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    expect((await device.db.status()).quarantined).toBe(0);
  }
  expect(crashes).toEqual([]);

  const faults = proxies.map(({ counts }) => counts);
  const sum = (name: 'requests' | 'lostAnswers' | 'lostRequests' | 'duplicates'): number =>
    faults.reduce((total, counts) => total + counts[name], 0);
  console.log(
    `[POINT-2] seed ${SEED}: ${MUTATIONS + WRITES} mutations (${WRITES} by real clients) in ${Math.round(took)} ms; ` +
      `${sum('requests')} requests, ${sum('lostAnswers')} answers and ${sum('lostRequests')} requests lost, ` +
      `${sum('duplicates')} doubled on the road, ${answers.repeats} repeats answered`,
  );
});
