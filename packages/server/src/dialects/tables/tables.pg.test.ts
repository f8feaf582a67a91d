import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formsApp } from '../../../test/dialects/apps.ts';
import { type Asking, type DialectFixture, openDialects } from '../../../test/dialects/fixture.ts';
import { expectAnswer } from '../../../test/dialects/shape.ts';

type Row = Record<string, unknown> & { id: string };
interface Pulled {
  timestamp: string;
  changes: Record<string, Row[]>;
  conflicts: Record<string, unknown>[] | null;
  has_more: boolean;
  full_sync: boolean;
}
interface Pushed {
  success: boolean;
  timestamp: string;
  applied: Record<string, Row[]>;
  conflicts: Record<string, unknown>[];
  errors: { table: string; record_id: string; code: string; error: string }[];
}

let field: DialectFixture;
let store: Asking;
let manager: Asking;

const PULL = '/api/v1/sync/pull';
const PUSH = '/api/v1/sync/push';
let named = 0;
/** A device that nobody used before. */
const device = () => `device-${++named}`;
const pull = (who: Asking, device_id: string, since?: string, tables?: string[]) =>
  who.post<Pulled>(PULL, {
    device_id,
    ...(since === undefined ? {} : { last_sync_timestamp: since }),
    ...(tables === undefined ? {} : { tables }),
  });
const push = (who: Asking, device_id: string, changes: Record<string, unknown[]>, timestamp?: string) =>
  who.post<Pushed>(PUSH, { device_id, ...(timestamp === undefined ? {} : { timestamp }), changes });
let moment = 0;
/** A time that no edit has had yet. */
const now = () => new Date(Date.now() - 10_000 + ++moment).toISOString();
const submission = async (id: string) =>
  (await field.sql('select * from submissions where id = $1', [id]))[0];

beforeAll(async () => {
  field = await openDialects(formsApp());
  store = field.as(await field.token({ userId: 'ana', roles: ['store'], claims: { storeId: 's1' } }));
  manager = field.as(await field.token({ userId: 'max', roles: ['manager'], claims: { storeId: 's1' } }));
  await field.sql(`insert into forms (id, title) values ('uuid-1', 'Opening'), ('f2', 'Closing')`);
});
afterAll(() => field.close());

describe('the documents’ own requests', () => {
  test('[DIA-01] S2 pull, push and status, to the letter', async () => {
    // A token of this server stands for the one in the text; the least that is valid for an ellipsis.
    const first = await pull(store, 'store-manager-mac-001');
    const request = {
      device_id: 'store-manager-mac-001',
      last_sync_timestamp: '2025-12-18T10:30:00Z',
      tables: ['forms', 'submissions', 'team', 'kpi_data'],
    };
    for (const since of [request.last_sync_timestamp, first.timestamp]) {
      const pulled = await store.post<Pulled>(PULL, { ...request, last_sync_timestamp: since });
      expectAnswer('tables', 'tablesPull', pulled);
      expect(pulled).toMatchObject({ success: true, conflicts: null });
      expect(pulled.timestamp).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(Object.keys(pulled.changes)).toEqual(request.tables);
    }
    expect(first.changes.forms).toContainEqual({
      id: 'uuid-1',
      title: 'Opening',
      updated_at: expect.stringMatching(/Z$/),
    });
    const pushed = await store.post<Pushed>(PUSH, {
      device_id: 'store-iphone-001',
      timestamp: '2025-12-18T11:00:00Z',
      changes: {
        submissions: [
          { id: 'uuid-2', form_id: 'uuid-1', status: 'completed', updated_at: '2025-12-18T10:50:00Z' },
        ],
        submission_answers: [
          { id: 'a-1', submission_id: 'uuid-2', value: { ok: true }, updated_at: '2025-12-18T10:50:00Z' },
        ],
      },
    });
    expectAnswer('tables', 'tablesPush', pushed);
    expect(pushed.applied).toMatchObject({
      submissions: [{ id: 'uuid-2' }],
      submission_answers: [{ id: 'a-1' }],
    });
    expect(pushed).toMatchObject({ success: true, conflicts: [], errors: [] });
    expect(await submission('uuid-2')).toMatchObject({
      status: 'completed',
      store_id: 's1',
      form_id: 'uuid-1',
    });

    const status = await store.get<Record<string, unknown>>('/api/v1/sync/status');
    expectAnswer('tables', 'tablesStatus', status);
    expect(status).toMatchObject({
      status: 'online',
      version: '1.0.0',
      tables: expect.arrayContaining(['forms', 'submissions', 'kpi_data']),
      active_devices: expect.any(Number),
    });
    expect(Object.keys(status.last_sync as object)).toEqual(
      expect.arrayContaining(['store-manager-mac-001', 'store-iphone-001']),
    );
    // With one dialect the path is always that one's.
    expectAnswer('tables', 'tablesStatus', await store.get('/api/v1/sync/status?device_id=store-iphone-001'));
  });

  test('[DIA-02] a conflict is told with both sides, and the same words come from the GET form', async () => {
    const a = device();
    const b = device();
    await push(store, a, {
      submissions: [{ id: 'c1', form_id: 'uuid-1', note: 'first', updated_at: now() }],
    });
    const ta = (await pull(store, a)).timestamp;
    const tb = (await pull(store, b)).timestamp;
    await push(store, a, { submissions: [{ id: 'c1', note: 'from a', updated_at: now() }] }, ta);
    const late = await push(store, b, { submissions: [{ id: 'c1', note: 'from b', updated_at: now() }] }, tb);
    expectAnswer('tables', 'tablesPush', late);
    expect(late).toMatchObject({
      success: true,
      applied: { submissions: [] },
      conflicts: [
        {
          table: 'submissions',
          record_id: 'c1',
          client_data: { id: 'c1', note: 'from b' },
          server_data: { id: 'c1', note: 'from a' },
          status: 'resolved',
          resolution: 'accept_server',
        },
      ],
    });
    const again = await store.get<Pulled>(
      `${PULL}?device_id=${b}&last_sync_timestamp=${encodeURIComponent(tb)}&tables=submissions,team`,
    );
    expectAnswer('tables', 'tablesPullByQuery', again);
    expect(Object.keys(again.changes)).toEqual(['submissions', 'team']);
    // The loser is told on the next pull too: the row, and what was decided.
    expect(again.changes.submissions).toMatchObject([{ id: 'c1', note: 'from a' }]);
    expect(again.conflicts).toMatchObject([{ record_id: 'c1', status: 'resolved' }]);
  });
});

describe('what the device had', () => {
  test('[DIA-10] whole rows merge: only what differs from the row at the device’s timestamp is an edit', async () => {
    const [a, b] = [device(), device()];
    await push(store, a, {
      submissions: [{ id: 'm1', form_id: 'uuid-1', note: 'n', status: 'in_progress', updated_at: now() }],
    });
    const [ta, tb] = [(await pull(store, a)).timestamp, (await pull(store, b)).timestamp];
    await push(
      store,
      a,
      {
        submissions: [
          { id: 'm1', form_id: 'uuid-1', note: 'changed', status: 'in_progress', updated_at: now() },
        ],
      },
      ta,
    );
    const other = await push(
      store,
      b,
      { submissions: [{ id: 'm1', form_id: 'uuid-1', note: 'n', status: 'completed', updated_at: now() }] },
      tb,
    );
    expect(other).toMatchObject({ conflicts: [], applied: { submissions: [{ id: 'm1' }] } });
    expect(await submission('m1')).toMatchObject({ note: 'changed', status: 'completed' });
  });

  test('[DIA-11] without a timestamp every differing field clashes, and equal ones do not', async () => {
    const a = device();
    await push(store, a, { submissions: [{ id: 'u1', form_id: 'uuid-1', note: 'n', updated_at: now() }] });
    // A bare time from long ago is no cursor of this server; nothing had been there then.
    const b = device();
    const clash = await push(
      store,
      b,
      { submissions: [{ id: 'u1', form_id: 'uuid-1', note: 'mine', updated_at: now() }] },
      '2020-01-01T00:00:00Z',
    );
    // A new row under a key that is taken: both live.
    const [row] = clash.applied.submissions ?? [];
    expect(row?.previous_id ?? row?.id).toBe('u1');
    expect(row?.id).not.toBe('u1');
    expect(await submission('u1')).toMatchObject({ note: 'n' });
    expect(await submission(row!.id)).toMatchObject({ note: 'mine' });
  });

  test('[DIA-12] a device’s own edits since its cursor are its base: chains never clash, counters add once', async () => {
    const [a, b] = [device(), device()];
    await push(store, a, {
      submissions: [{ id: 'k1', form_id: 'uuid-1', visits: 10, note: 'x', updated_at: now() }],
    });
    const t = (await pull(store, a)).timestamp;
    const tb = (await pull(store, b)).timestamp;
    await push(store, b, { submissions: [{ id: 'k1', visits: 12, updated_at: now() }] }, tb);
    await push(store, a, { submissions: [{ id: 'k1', visits: 7, note: 'y', updated_at: now() }] }, t);
    const third = await push(
      store,
      a,
      { submissions: [{ id: 'k1', visits: 6, note: 'z', updated_at: now() }] },
      t,
    );
    expect(third).toMatchObject({ conflicts: [], errors: [] });
    expect(await submission('k1')).toMatchObject({ visits: 8, note: 'z' });
  });

  test('[DIA-15] who pulls before it pushes overwrites nothing that came in between: an edit stands on the pull before it', async () => {
    const [a, b] = [device(), device()];
    await push(store, a, {
      submissions: [{ id: 'q1', form_id: 'uuid-1', note: 'n', visits: 1, updated_at: now() }],
    });
    await pull(store, b);
    const edited = new Date().toISOString();
    const offline = { id: 'q1', form_id: 'uuid-1', note: 'n', visits: 5, updated_at: edited };
    await field.sql(`update submissions set note = 'from elsewhere', visits = 2 where id = 'q1'`);
    const { timestamp } = await pull(store, b, (await pull(store, b)).timestamp);
    expect(await push(store, b, { submissions: [offline] }, timestamp)).toMatchObject({
      conflicts: [],
      errors: [],
    });
    expect(await submission('q1')).toMatchObject({ note: 'from elsewhere', visits: 6 });
  });

  test('[DIA-16] S1-75 S001 twice: both live, and once the device has pulled, the old key is the other’s row', async () => {
    const [a, b] = [device(), device()];
    await pull(store, b);
    await push(store, a, {
      submissions: [{ id: 'S001', form_id: 'uuid-1', note: '1000', updated_at: now() }],
    });
    const clash = await push(store, b, {
      submissions: [{ id: 'S001', form_id: 'uuid-1', note: '1500', updated_at: now() }],
    });
    const [own] = clash.applied.submissions!;
    expect(own).toMatchObject({ previous_id: 'S001' });
    const { timestamp, changes } = await pull(store, b, (await pull(store, b)).timestamp);
    expect(changes.submissions).toEqual([]);
    const edits = [
      { id: 'S001', note: 'theirs', visits: 1, updated_at: new Date().toISOString() },
      { id: own!.id, note: 'mine', updated_at: new Date().toISOString() },
    ];
    expect(await push(store, b, { submissions: edits }, timestamp)).toMatchObject({
      conflicts: [],
      errors: [],
    });
    expect(await submission('S001')).toMatchObject({ note: 'theirs' });
    expect(await submission(own!.id)).toMatchObject({ note: 'mine' });
  });

  test('[DIA-13] the time that a push answers with leads to what the device had before it', async () => {
    const [a, b] = [device(), device()];
    const t = (await pull(store, a)).timestamp;
    await push(store, b, { submissions: [{ id: 'p1', form_id: 'uuid-1', note: 'b', updated_at: now() }] });
    const pushed = await push(
      store,
      a,
      { submissions: [{ id: 'p2', form_id: 'uuid-1', note: 'a', updated_at: now() }] },
      t,
    );
    const pulled = await pull(store, a, pushed.timestamp, ['submissions']);
    expect(pulled.changes.submissions?.map(({ id }) => id)).toEqual(expect.arrayContaining(['p1', 'p2']));
    expect(pulled.full_sync).toBe(false);
  });
});

describe('nobody misses a change', () => {
  test('[DIA-20] whatever commits late comes with the next timestamp', async () => {
    const a = device();
    let t = (await pull(store, a)).timestamp;
    const seen = new Set<string>();
    const open: { done: Promise<void>; commit: () => void }[] = [];
    for (let round = 0; round < 20; round += 1) {
      let commit = () => {};
      const gate = new Promise<void>((resolve) => {
        commit = resolve;
      });
      let written = () => {};
      const wrote = new Promise<void>((resolve) => {
        written = resolve;
      });
      const done = field.database.db.transaction('write', async (tx) => {
        await tx.query(
          `insert into submissions (id, form_id, store_id, note) values ($1, 'uuid-1', 's1', 'late')`,
          [`late-${round}`],
        );
        written();
        await gate;
      });
      await wrote;
      open.push({ done, commit });
      await field.sql(
        `insert into submissions (id, form_id, store_id, note) values ($1, 'uuid-1', 's1', 'prompt')`,
        [`prompt-${round}`],
      );
      // Older transactions commit after younger ones, and after the pull that followed those.
      if (open.length > 4) {
        const late = open.shift()!;
        late.commit();
        await late.done;
      }
      const pulled = await pull(store, a, t, ['submissions']);
      for (const { id } of pulled.changes.submissions ?? []) seen.add(id);
      t = pulled.timestamp;
    }
    for (const late of open) late.commit();
    await Promise.all(open.map(({ done }) => done));
    for (const { id } of (await pull(store, a, t, ['submissions'])).changes.submissions ?? []) seen.add(id);
    const { length } = [...seen].filter((id) => /^(late|prompt)-/.test(id));
    expect(length).toBe(40);
  });

  test('[DIA-21] a bare time is the last moment before it, less the overlap', async () => {
    const a = device();
    await pull(store, a);
    await field.sql(
      `insert into submissions (id, form_id, store_id, note) values ('bare-1', 'uuid-1', 's1', 'n')`,
    );
    const bare = await pull(store, a, new Date(Date.now()).toISOString(), ['submissions']);
    expect(bare.changes.submissions?.map(({ id }) => id)).toContain('bare-1');
    const future = await pull(store, a, '2999-01-01T00:00:00Z', ['submissions']);
    expect(future.changes.submissions?.map(({ id }) => id)).toContain('bare-1');
    expect(
      (await pull(store, a, '1999-01-01T00:00:00Z', ['submissions'])).changes.submissions?.length,
    ).toBeGreaterThan(1);
  });

  test('[DIA-22] tables asked for by turns lose no deletion', async () => {
    const a = device();
    await field.sql(
      `insert into submissions (id, form_id, store_id, note) values ('turn-1', 'uuid-1', 's1', 'n')`,
    );
    await field.sql(`insert into team (id, store_id, name) values ('turn-t', 's1', 'Ana')`);
    let t = (await pull(store, a, undefined, ['submissions'])).timestamp;
    t = (await pull(store, a, t, ['team'])).timestamp;
    await field.sql(`delete from submissions where id = 'turn-1'`);
    t = (await pull(store, a, t, ['team'])).timestamp;
    const pulled = await pull(store, a, t, ['submissions']);
    expect(pulled.changes.submissions).toEqual([{ id: 'turn-1', is_deleted: true }]);
  });

  test('[DIA-23] a row that leaves one of two scopes stays, one that leaves the last goes', async () => {
    const a = device();
    await field.sql(
      `insert into submissions (id, form_id, store_id, note) values ('move-1', 'uuid-1', 's1', 'n')`,
    );
    const t = (await pull(store, a)).timestamp;
    await field.sql(`update submissions set store_id = 's2' where id = 'move-1'`);
    expect((await pull(store, a, t, ['submissions'])).changes.submissions).toEqual([
      { id: 'move-1', is_deleted: true },
    ]);
  });
});

describe('once, and together', () => {
  test('[DIA-30] a repeat gets the first answer, whatever else it comes with, and has no effect', async () => {
    const a = device();
    const one = { id: 'r1', form_id: 'uuid-1', visits: 1, updated_at: now() };
    const two = { id: 'r2', form_id: 'uuid-1', visits: 2, updated_at: now() };
    const first = await push(store, a, { submissions: [one] });
    const before = await field.sql('select count(*) from satchel.audit');
    expect((await push(store, a, { submissions: [one] })).applied).toEqual(first.applied);
    expect(await field.sql('select count(*) from satchel.audit')).toEqual(before);
    const both = await push(store, a, { submissions: [two, one] });
    expect(both.applied.submissions?.map(({ id }) => id).sort()).toEqual(['r1', 'r2']);
    expect(await submission('r1')).toMatchObject({ visits: 1 });
    expect(
      (
        await field.sql(`select count(*)::int as n from satchel.mutations where body is null and outcome is not null
         and mutation_id in (select mutation_id from satchel.dialect_items)`)
      )[0]?.n,
    ).toBeGreaterThan(1);
  });

  test('[DIA-31] other content under one time is told, and changes nothing', async () => {
    const a = device();
    const at = now();
    await push(store, a, { submissions: [{ id: 'o1', form_id: 'uuid-1', note: 'one', updated_at: at }] });
    const other = await push(store, a, {
      submissions: [{ id: 'o1', form_id: 'uuid-1', note: 'two', updated_at: at }],
    });
    expect(other).toMatchObject({ success: false, errors: [{ record_id: 'o1', code: 'item_reused' }] });
    expect(await submission('o1')).toMatchObject({ note: 'one' });
  });

  test('[DIA-32] S2-29 a submission and its answers are one mutation: all or nothing', async () => {
    const a = device();
    const bad = await push(store, a, {
      submission_answers: [
        { id: 'g-a1', submission_id: 'g1', value: 1, updated_at: now() },
        { id: 'g-a2', submission_id: 'g1', value: 2, colour: 'red', updated_at: now() },
      ],
      submissions: [
        { id: 'g1', form_id: 'uuid-1', updated_at: now() },
        { id: 'g2', form_id: 'uuid-1', updated_at: now() },
      ],
    });
    expect(bad.errors.map(({ record_id }) => record_id).sort()).toEqual(['g-a1', 'g-a2', 'g1']);
    expect(bad.errors[0]?.error).toContain('colour');
    expect(bad.applied.submissions).toMatchObject([{ id: 'g2' }]);
    expect(await submission('g1')).toBeUndefined();
    const good = await push(store, a, {
      submission_answers: [{ id: 'g-a1', submission_id: 'g3', value: 1, updated_at: now() }],
      submissions: [{ id: 'g3', form_id: 'uuid-1', updated_at: now() }],
    });
    expect(good.errors).toEqual([]);
    const mutations = await field.sql(
      `select distinct mutation_id from satchel.audit where key in ('g3', 'g-a1') and op = 'insert' and after ->> 'id' <> 'g-a1'
       union select distinct mutation_id from satchel.audit where key = 'g3'`,
    );
    expect(mutations).toHaveLength(1);
  });

  test('[DIA-33] deletes: told as tombstones, asked about where the row was edited', async () => {
    const [a, b] = [device(), device()];
    await push(store, a, { submissions: [{ id: 'x1', form_id: 'uuid-1', note: 'n', updated_at: now() }] });
    const [ta, tb] = [(await pull(store, a)).timestamp, (await pull(store, b)).timestamp];
    const gone = await push(
      store,
      a,
      { submissions: [{ id: 'x1', is_deleted: true, updated_at: now() }] },
      ta,
    );
    expect(gone.applied.submissions).toMatchObject([{ id: 'x1', is_deleted: true }]);
    const late = await push(store, b, { submissions: [{ id: 'x1', note: 'late', updated_at: now() }] }, tb);
    expect(late.conflicts).toMatchObject([{ record_id: 'x1', status: 'open', server_data: null }]);
    expect((await pull(store, b, tb, ['submissions'])).changes.submissions).toContainEqual({
      id: 'x1',
      is_deleted: true,
    });
  });

  test('[DIA-34] S2-44 a store cannot write forms, nor see templates', async () => {
    const a = device();
    const write = await store.ask(PUSH, {
      body: { device_id: a, changes: { forms: [{ id: 'uuid-1', title: 'Mine', updated_at: now() }] } },
    });
    expect([write.status, (write.json as { code: string }).code]).toEqual([403, 'op_denied']);
    const read = await store.ask(PULL, { body: { device_id: a, tables: ['form_templates'] } });
    expect([read.status, (read.json as { code: string }).code]).toEqual([403, 'op_denied']);
    const m = device();
    await push(manager, m, { forms: [{ id: 'by-manager', title: 'New', updated_at: now() }] });
    expect((await pull(manager, m, undefined, ['form_templates'])).changes.form_templates).toEqual([]);
  });
});

test('[DIA-40] the server says what it does, and nothing of what is in it', () => {
  const lines = field.log.map((line) => (JSON.parse(line) as { msg?: string; message?: string }).msg ?? '');
  expect(lines).toContain('Sync pull: device=store-manager-mac-001 tables=forms,submissions,team,kpi_data');
  expect(lines.some((line) => /^Conflict detected: table=submissions conflict=[\w-]+ \w+$/.test(line))).toBe(
    true,
  );
  expect(lines.some((line) => line.startsWith('Sync failed: op_denied'))).toBe(true);
  expect(field.log.join()).not.toContain('from b');
});
