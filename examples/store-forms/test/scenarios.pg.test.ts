import { type FaultyProxy, NO_FAULTS, startFaultyProxy } from '@satchel/testing/faulty-proxy';
import { seededRandom } from '@satchel/testing/random';
import storeForms from '@satchel-examples/store-forms/app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchSizes, outcomes } from '../../../test/field/answers.ts';
import { type Field, type FieldDevice, openField, type Road } from '../../../test/field/field.ts';
import { hurry } from '../../../test/field/hurry.ts';
import { until } from '../../../test/field/until.ts';

type Device = FieldDevice<typeof storeForms>;

const LONG = process.env.SATCHEL_LONG !== undefined;
const claims = { storeId: '42' };
const manager = { userId: 'manager', roles: ['manager'], claims };
const store = { userId: 'store', roles: ['store'], claims };

let field: Field<typeof storeForms>;
beforeAll(async () => {
  field = await openField(storeForms);
  await field.db.query("insert into forms (id, title) values ('uuid-1', 'Opening')");
  await field.db.query("insert into form_sections (id, form_id, title) values ('sec-1', 'uuid-1', 'Doors')");
  await field.db.query(
    "insert into fields (id, section_id, label) values ('f-1', 'sec-1', 'Open?'), ('f-2', 'sec-1', 'Clean?')",
  );
});
afterAll(async () => {
  await field?.close();
});

const count = async (sql: string, parameters: readonly unknown[] = []): Promise<number> =>
  Number(
    (await field.db.query<{ n: number }>(`select count(*)::int as n from ${sql}`, parameters)).rows[0]?.n,
  );
const local = async ({ db }: Device, table: string): Promise<number> =>
  Number((await db.get(`select count(*) as n from ${table}`))?.n);
const submission = (id: string, status = 'in_progress') => ({
  sql: "insert into submissions (id, form_id, store_id, status) values (?, 'uuid-1', '42', ?)",
  parameters: [id, status],
});

describe("the document's own scenarios", () => {
  it('[S2-109] scenario 1: full sync from scratch', async () => {
    await field.db.query("insert into form_templates (id, title, body) values ('t-1', 'Start', '{}')");
    await field.db.query(
      "insert into kpi_data (id, store_id, name, day, value) values ('k-1', '42', 'visits', '2025-12-18', 10)",
    );
    await field.db.query(
      "insert into team (id, store_id, badge, name) values ('m-1', '42', '1', 'Cashier'), ('m-2', '43', '1', 'Other store')",
    );
    const phone = await field.device(store);
    await phone.sync();
    const held = async (device: Device) =>
      Object.fromEntries(
        await Promise.all(
          ['forms', 'form_sections', 'fields', 'form_templates', 'team', 'kpi_data'].map(
            async (table) => [table, await local(device, table)] as const,
          ),
        ),
      );
    expect(await held(phone)).toEqual({
      forms: 1,
      form_sections: 1,
      fields: 2,
      form_templates: 0,
      team: 1,
      kpi_data: 1,
    });
    expect((await phone.db.status()).complete).toBe(true);
    const desk = await field.device(manager);
    await desk.sync();
    expect((await held(desk)).form_templates).toBe(1);
    expect(await phone.db.verify({ depth: 'deep' })).toMatchObject({ equal: true });
  });

  it('[S2-110] scenario 2: delta sync brings what changed and nothing else', async () => {
    const phone = await field.device(store);
    await phone.sync();
    await field.db.query("update forms set title = 'Updated Form' where id = 'uuid-1'");
    const before = phone.exchanges.length;
    await phone.sync();
    expect(await phone.db.get("select title from forms where id = 'uuid-1'")).toEqual({
      title: 'Updated Form',
    });
    const pages = phone.exchanges
      .slice(before)
      .map(({ answer }) => answer)
      .join('');
    expect(pages).toContain('Updated Form');
    expect(pages).not.toContain('Doors');
  });

  it('[S2-111] scenario 3: conflict resolution, each data type by its own rule', async () => {
    await field.db.query(
      "insert into settings (id, store_id, name, value) values ('s-1', '42', 'opens', '\"08:00\"')",
    );
    const [phone, desk] = [await field.device(store), await field.device(manager)];
    await phone.db.write([submission('uuid-2')]);
    await phone.sync();
    await desk.sync();
    for (const device of [phone, desk]) device.online(false);
    await desk.db.write([{ sql: "update settings set value = '\"07:00\"' where id = 's-1'" }]);
    await desk.db.write([{ sql: "update submissions set status = 'approved' where id = 'uuid-2'" }]);
    await field.time.pass(60_000);
    await phone.db.write([{ sql: "update settings set value = '\"09:00\"' where id = 's-1'" }]);
    await phone.db.write([{ sql: "update submissions set status = 'completed' where id = 'uuid-2'" }]);
    await phone.sync();
    await desk.sync();
    await phone.sync();
    for (const { db } of [phone, desk]) {
      expect(await db.get("select value from settings where id = 's-1'"), 'manager wins').toEqual({
        value: '"07:00"',
      });
      expect(await db.get("select status from submissions where id = 'uuid-2'"), 'latest wins').toEqual({
        status: 'completed',
      });
    }
    const reasons = await field.db.query<{ reason: string }>(
      'select reason from satchel.conflicts order by reason',
    );
    expect(reasons.rows.map(({ reason }) => reason)).toEqual([
      'Manager controls config',
      'Most recent data is correct',
    ]);
  });

  it('[S2-112] scenario 4: the offline queue is processed, oldest first, none lost', async () => {
    const many = LONG ? 10_000 : 1_000;
    const phone = await field.device(store, { online: false });
    for (let n = 0; n < many; n += 1) await phone.db.write([submission(`queued-${n}`)]);
    expect((await phone.db.status()).pending).toBe(many);
    await phone.sync();
    expect((await phone.db.status()).pending).toBe(0);
    expect(await count("submissions where id like 'queued-%'")).toBe(many);
    expect(batchSizes(phone.exchanges)).toEqual(Array.from({ length: many / 100 }, () => 100));
    const order = await field.db.query<{ key: string }>(
      "select a.key from satchel.audit a join satchel.tables t using (table_id) where t.name = 'submissions' and a.key like 'queued-%' order by a.audit_id",
    );
    const batchOf = ({ key }: { key: string }): number =>
      Math.floor(Number(key.slice('queued-'.length)) / 100);
    expect(order.rows.map(batchOf)).toEqual(order.rows.map(batchOf).toSorted((a, b) => a - b));
  });

  describe('[S2-113] scenario 5: network interruption during sync', () => {
    let proxy: FaultyProxy;
    beforeAll(async () => {
      proxy = await startFaultyProxy({ targetPort: field.server.port, random: seededRandom(5) });
    });
    afterAll(async () => {
      await proxy?.close();
    });

    const interrupted = async (id: string, given: { road?: Road; server?: string }, again: () => void) => {
      const phone = await field.device(store, { ...given, ...hurry(field.time) });
      await phone.sync();
      phone.online(false);
      await phone.db.write([
        submission(id),
        {
          sql: "insert into submission_answers (id, submission_id, field_id, value) values (?, ?, 'f-1', 'true')",
          parameters: [`${id}-a`, id],
        },
      ]);
      await phone.sync();
      again();
      await phone.sync();
      await until(phone, 'nothing waits', async () => (await phone.db.status()).pending === 0);
      expect(await count('submissions where id = $1', [id])).toBe(1);
      expect(await count('submission_answers where submission_id = $1', [id])).toBe(1);
      expect(await phone.db.verify({ depth: 'deep' })).toMatchObject({ equal: true });
      return phone;
    };

    it('[S2-113] cut before it was sent', async () => {
      let is = true;
      await interrupted('cut-before', { road: { cut: (path) => is && path === '/v1/push' } }, () => {
        is = false;
      });
    });

    it('[S2-113] cut after the commit, before the reply: applied once', async () => {
      let is = true;
      const phone = await interrupted(
        'cut-after',
        { road: { loseAnswer: (path) => is && path === '/v1/push' } },
        () => {
          is = false;
        },
      );
      const answers = outcomes(phone.exchanges);
      expect(answers.length).toBeGreaterThan(1);
      expect(answers.at(-1)).toMatchObject({ outcome: 'applied', repeat: true });
    });

    it.each([
      ['in mid-request', { loseRequest: 1 }],
      ['in mid-reply', { cutAnswer: 1 }],
    ] as const)('[S2-113] cut %s', async (what, faults) => {
      const phone = field.device(store, { server: proxy.url });
      await (await phone).sync();
      const id = what.replaceAll(' ', '-');
      proxy.setFaults({ ...NO_FAULTS, ...faults });
      await (await phone).db.write([submission(id)]);
      await (await phone).sync();
      expect((await (await phone).db.status()).pending).toBe(1);
      proxy.setFaults(NO_FAULTS);
      await (await phone).sync();
      expect((await (await phone).db.status()).pending).toBe(0);
      expect(await count('submissions where id = $1', [id])).toBe(1);
    });
  });

  it.each(LONG ? [100, 10_000, 1_000_000] : [100, 10_000])(
    '[S2-114] scenario 6: a data set of %i records',
    async (many) => {
      await field.db.query(
        `insert into kpi_data (id, store_id, name, day, value)
       select 'big-' || $1::text || '-' || n, 'big-' || $1::text, 'visits', '2025-12-18', n from generate_series(1, $1::int) n`,
        [many],
      );
      const phone = await field.device({
        ...store,
        userId: `big-${many}`,
        claims: { storeId: `big-${many}` },
      });
      await phone.sync();
      expect(await local(phone, 'kpi_data')).toBe(many);
      await phone.db.write([
        { sql: "update kpi_data set value = '0' where name = 'visits' and rowid <= 100" },
      ]);
      await phone.sync();
      expect(await count('kpi_data where store_id = $1 and value = 0', [`big-${many}`])).toBe(100);
    },
    600_000,
  );

  it.each(LONG ? [2, 20, 500] : [2, 20])(
    '[S2-115] scenario 7: %i devices sync at once',
    async (many) => {
      const scope = { storeId: `crowd-${many}` };
      const devices = await Promise.all(
        Array.from({ length: many }, (_, n) =>
          field.device({ ...store, userId: `crowd-${many}-${n}`, claims: scope }, { online: false }),
        ),
      );
      await Promise.all(
        devices.map((device, n) =>
          device.db.write([
            {
              sql: "insert into submissions (id, form_id, store_id) values (?, 'uuid-1', ?)",
              parameters: [`crowd-${many}-${n}`, scope.storeId],
            },
          ]),
        ),
      );
      await Promise.all(devices.map((device) => device.sync()));
      expect(await count('submissions where store_id = $1', [scope.storeId])).toBe(many);
      await Promise.all(devices.map((device) => device.sync()));
      for (const device of devices) expect(await local(device, 'submissions')).toBe(many);
    },
    600_000,
  );

  it('[S2-116] scenario 8: retry after failure, five attempts, then the user is told and tries again', async () => {
    let broken = true;
    const phone = await field.device(store, {
      ...hurry(field.time),
      road: { unavailable: (path) => broken && path === '/v1/push' },
    });
    await phone.sync();
    const before = phone.exchanges.length;
    await phone.db.write([submission('retried')]);
    await until(phone, 'given up', async () => (await phone.db.status()).failed === 1);
    const tries = phone.exchanges
      .slice(before)
      .filter(({ path, status }) => path === '/v1/push' && status === 503);
    expect(tries).toHaveLength(5);
    expect((await phone.db.status()).phase).toBe('error');
    const [entry] = await phone.db.outbox.list({ state: 'failed' });
    expect(entry).toMatchObject({ state: 'failed', attempts: 5 });

    broken = false;
    await phone.db.outbox.retry(entry?.mutationId);
    await until(phone, 'sent', async () => (await phone.db.status()).pending === 0);
    expect(await count("submissions where id = 'retried'")).toBe(1);
  });
});

describe("the document's flows", () => {
  it('[S2-74] [S2-75] [S2-77] [S2-78] example 1: the manager makes a form, the store gets it', async () => {
    const [desk, phone] = [await field.device(manager), await field.device(store)];
    await phone.sync();
    desk.online(false);
    await desk.db.write([{ sql: "insert into forms (id, title) values ('form-new', 'New Form')" }]);
    expect(
      await desk.db.all(
        "select table_name, operation, synced from pending_changes where record_id = 'form-new'",
      ),
    ).toEqual([{ table_name: 'forms', operation: 'INSERT', synced: 0 }]);
    await desk.sync();
    expect(
      await desk.db.all("select synced from pending_changes where record_id = 'form-new' and synced = 0"),
    ).toEqual([]);
    expect(await desk.db.rowState('forms', 'form-new')).toMatchObject({ state: 'synced' });
    await phone.sync();
    expect(await phone.db.get("select title from forms where id = 'form-new'")).toEqual({
      title: 'New Form',
    });
  });

  it('[S2-80] [S2-82] [S2-83] [S2-57] example 2: filled in, saved as it is typed, sent at once when submitted', async () => {
    const phone = await field.device(store);
    await phone.sync();
    await phone.db.write([submission('filled')]);
    await phone.db.run('saveAnswers', { submissionId: 'filled', answers: [{ fieldId: 'f-1', value: true }] });
    expect(await phone.db.get("select status from submissions where id = 'filled'")).toEqual({
      status: 'in_progress',
    });
    await phone.db.run('submitForm', {
      submissionId: 'filled',
      answers: [
        { fieldId: 'f-1', value: false },
        { fieldId: 'f-2', value: ['floor', 'shelves'] },
      ],
    });
    // Nobody asks for a sync: the submission does.
    await until(
      phone,
      'the submission is sent',
      async () => (await count("submissions where id = 'filled' and status = 'completed'")) === 1,
      5_000,
    );
    const { rows } = await field.db.query(
      "select field_id, value from submission_answers where submission_id = 'filled' order by field_id",
    );
    expect(rows).toEqual([
      { field_id: 'f-1', value: false },
      { field_id: 'f-2', value: ['floor', 'shelves'] },
    ]);
  });

  it('[S2-29] answers and their submission are taken together or not at all', async () => {
    const phone = await field.device(store, { online: false });
    await phone.db
      .write([
        submission('whole'),
        {
          sql: "insert into submission_answers (id, submission_id, field_id, value) values ('w-1', 'whole', 'f-1', 'true')",
        },
        { sql: "update forms set title = 'Mine' where id = 'uuid-1'" },
      ])
      .catch(() => {});
    await phone.sync();
    expect([
      await count("submissions where id = 'whole'"),
      await count("submission_answers where submission_id = 'whole'"),
    ]).toEqual(
      // The device does not hold the form yet, so the third statement wrote nothing: all of it was right.
      [1, 1],
    );
    await phone.db.write([
      submission('half'),
      {
        sql: "insert into submission_answers (id, submission_id, field_id, value) values ('h-1', 'half', 'f-1', 'true')",
      },
      { sql: "update forms set title = 'Mine' where id = 'uuid-1'" },
    ]);
    await phone.sync();
    expect([
      await count("submissions where id = 'half'"),
      await count("submission_answers where submission_id = 'half'"),
    ]).toEqual([0, 0]);
    expect((await phone.db.quarantine.list()).map(({ problem }) => problem?.code)).toEqual(['op_denied']);
  });

  it('[S2-83] an answer that no field can have is refused where it is typed', async () => {
    const phone = await field.device(store);
    await phone.sync();
    await phone.db.write([submission('wrong')]);
    await expect(
      phone.db.write([
        {
          sql: "insert into submission_answers (id, submission_id, field_id, value) values ('x', 'wrong', 'f-1', '{}')",
        },
      ]),
    ).rejects.toMatchObject({ code: 'validator_failed' });
  });

  it('[S2-85] [S2-86] [S2-87] [S2-88] example 3: several forms offline, all of them sent by themselves, the queue empty', async () => {
    const phone = await field.device(store);
    await phone.sync();
    phone.online(false);
    for (const id of ['off-1', 'off-2', 'off-3']) {
      await phone.db.write([submission(id)]);
      await phone.db.run('submitForm', { submissionId: id, answers: [{ fieldId: 'f-1', value: true }] });
    }
    expect((await phone.db.status()).pending).toBeGreaterThan(0);
    phone.online(true);
    await until(phone, 'the queue is empty', async () => (await phone.db.status()).pending === 0);
    expect(await count("submissions where id like 'off-%' and status = 'completed'")).toBe(3);
    expect((await phone.db.all('select * from sync_metadata')).length).toBeGreaterThan(0);
  });

  it('[S2-92] [S2-93] a store is given no form templates, a manager everything', async () => {
    const [phone, desk] = [await field.device(store), await field.device(manager)];
    await phone.sync();
    await desk.sync();
    expect(await local(phone, 'form_templates')).toBe(0);
    expect(await local(desk, 'form_templates')).toBe(1);
  });
});
