import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineApp, id, ref, review, table, text, timestamp } from '@satchel/schema';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ManualScheduler } from '../../../test/manual-scheduler.ts';
import {
  Device,
  type Field,
  insert,
  openField,
  principal,
  remove,
  update,
  versionIn,
} from '../../../test/push/field.ts';
import type { Log, ServerContext } from '../../context.ts';
import { choresOf } from '../chores.ts';
import { listAlerts } from '../list-alerts.ts';
import { type Maintenance, startMaintenance } from '../maintenance.ts';
import type { Found } from './found.ts';
import { compareAlerts } from './raise.ts';
import { checkWebhook, signatureOf, type WebhookSettings } from './webhook.ts';

const app = defineApp({
  name: 'farm',
  tables: {
    crops: table(
      { id: id(), storeId: text(), note: text() },
      { scope: 'store:{storeId}', conflicts: { update: review() } },
    ),
    alerts: table(
      {
        id: id(),
        storeId: text(),
        text: text(),
        madeAt: timestamp(),
        acknowledgedAt: timestamp({ nullable: true }),
      },
      { scope: 'store:{storeId}' },
    ),
    calls: table(
      { crop: ref('crops'), storeId: text(), answeredBy: text({ nullable: true }) },
      { scope: 'store:{storeId}', primaryKey: ['crop', 'storeId'] },
    ),
  },
  scopesOf: ({ claims }) => (claims.stores as string[]).map((store) => `store:${store}`),
  alerts: {
    unacknowledged: [
      { table: 'alerts', column: 'acknowledgedAt', made: 'madeAt' },
      { table: 'calls', column: 'answeredBy', after: 3_600_000 },
    ],
  },
});

const SECRET = 'a secret of the operators';
const MINUTE = 60_000;
const DAY = 86_400_000;

let field: Field;
let ctx: ServerContext;
let time: ManualScheduler;
let start: number;
let lines: { level: string; message: string; fields: Readonly<Record<string, unknown>> }[];
let maintenance: Maintenance;

/** A receiver on a real socket. */
let receiver: Server;
let heard: { headers: IncomingMessage['headers']; body: string; path: string | undefined }[];
let answer: (at: number) => number | 'silence' | 'redirect';
let webhook: WebhookSettings;

beforeAll(async () => {
  field = await openField(app);
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      heard.push({ headers: request.headers, body, path: request.url });
      const status = answer(heard.length);
      if (status === 'silence') return;
      if (status === 'redirect') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.writeHead(status).end('not read');
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  webhook = { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/alerts`, secret: SECRET };
});
afterAll(async () => {
  receiver.closeAllConnections();
  await new Promise((closed) => receiver.close(closed));
  await field.drop();
});

const open = (given: WebhookSettings | undefined): void => {
  const only = ['alerts', 'deliver-alerts'];
  maintenance = startMaintenance(
    choresOf(ctx, given).filter(({ name }) => only.includes(name)),
    // They run when the test says so.
    { ...ctx, scheduler: new ManualScheduler() },
  );
};

beforeEach(async () => {
  await field.db.query(
    'truncate satchel.alerts, satchel.received, satchel.conflicts, satchel.audit, alerts, calls, crops cascade',
  );
  heard = [];
  answer = () => 200;
  lines = [];
  time = new ManualScheduler();
  start = Date.now();
  const note =
    (level: string): Log['info'] =>
    (fields, message) => {
      lines.push({ level, message, fields });
    };
  ctx = {
    ...field.ctx,
    clock: { now: () => start + time.now },
    scheduler: time,
    log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
  };
  open(webhook);
});
afterEach(() => maintenance.stop());

const watch = () => maintenance.run('alerts');
const deliver = () => maintenance.run('deliver-alerts');
const raised = () => lines.filter(({ message }) => message === 'alert raised');
const standing = async () => (await listAlerts(ctx, { standing: true, limit: 100 })).alerts;

/** Changes and conflicts of the past, so long ago. */
const past = async (changes: number, conflicts: number, ago = MINUTE): Promise<void> => {
  const at = ctx.clock.now() - ago;
  const crops = ctx.tableIds.get('crops');
  await field.db.query(
    `insert into satchel.received (at, client_id, table_id, outcome, waited, changes)
     select $1, gen_random_uuid(), $2, 'applied', 0, $3::int`,
    [at, crops, changes],
  );
  await field.db.query(
    `insert into satchel.conflicts (conflict_id, table_id, key, kind, state, columns, policy, principal, author, mutation_ids, created_at)
     select gen_random_uuid(), $2, n::text, 'update', 'settled', '{note}', 'review', 'p', 'ana', '{}', $1
       from generate_series(1, $3::int) n`,
    [at, crops, conflicts],
  );
};

describe('the conflict rate', () => {
  it.each([
    [100, 6, true],
    [100, 5, false],
    [100, 4, false],
    [99, 50, false],
    [1_000, 51, true],
    [1_000, 50, false],
    [0, 0, false],
  ])('[ALERT-01] S0-148 of %i changes %i conflicts: %s', async (changes, conflicts, fires) => {
    await past(changes, conflicts);
    await watch();
    expect(
      raised().map(({ level, fields }) => [level, fields.kind, fields.conflicts, fields.changes]),
    ).toEqual(fires ? [['warn', 'conflict-rate', conflicts, changes]] : []);
  });

  it('[ALERT-02] fires once while it stands, falls when the day has slid on, and then may fire again', async () => {
    await past(100, 6, 0);
    await watch();
    await time.pass(12 * 60 * MINUTE);
    await watch();
    expect(raised()).toHaveLength(1);
    expect(await standing()).toHaveLength(1);
    await time.pass(12 * 60 * MINUTE + 1);
    await watch();
    expect(await standing()).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ level: 'info', message: 'alert fell' });
    await past(200, 20);
    await watch();
    expect(raised()).toHaveLength(2);
    const { alerts } = await listAlerts(ctx, { limit: 10 });
    expect(alerts.map(({ fellAt, raisedAt }) => [raisedAt, fellAt])).toEqual([
      [start + DAY + 1, undefined],
      [start, start + DAY + 1],
    ]);
  });

  it('[ALERT-01] counts what real devices push', async () => {
    const ana = new Device({ ...field.ctx, ...ctx }, principal('ana', ['1']));
    ana.ctx = ctx;
    const made = await ana.push(
      Array.from({ length: 94 }, (_, n) =>
        ana.mutation([insert('crops', `c${n}`, { storeId: '1', note: 'green' })]),
      ),
    );
    const versions = made.map((one) => (one.kind === 'outcome' ? versionIn(one.outcome) : 0));
    for (let n = 0; n < 6; n++) {
      await field.db.query('update crops set note = $2 where id = $1', [`c${n}`, 'eaten']);
      const outcome = await ana.write(
        update('crops', `c${n}`, { note: 'ripe' }, { version: versions[n]!, values: { note: 'green' } }),
      );
      expect(outcome.outcome).toBe('review');
    }
    await watch();
    expect(raised()).toMatchObject([{ fields: { conflicts: 6, changes: 100, above: 0.05 } }]);
  });
});

describe('rows that nobody acknowledges', () => {
  const alertRow = (key: string, ago: number) =>
    field.db.query(
      'insert into alerts (id, store_id, text, made_at) values ($1, $2, $3, to_timestamp($4 / 1000.0))',
      [key, '1', 'Locusts near Rosa’s field', ctx.clock.now() - ago],
    );

  it('[ALERT-03] S0-149 fire 15 minutes after they were made, each once, and fall with the acknowledgement', async () => {
    await alertRow('a1', 14 * MINUTE + 59_000);
    await watch();
    expect(raised()).toEqual([]);
    await time.pass(2_000);
    await watch();
    await watch();
    expect(raised()).toMatchObject([
      { fields: { kind: 'unacknowledged', table: 'alerts', afterMs: 15 * MINUTE } },
    ]);
    await alertRow('a2', 20 * MINUTE);
    await watch();
    expect(raised()).toHaveLength(2);
    expect((await standing()).map(({ subject }) => subject).sort()).toEqual(['alerts/a1', 'alerts/a2']);
    await field.db.query("update alerts set acknowledged_at = now() where id = 'a1'");
    await field.db.query("delete from alerts where id = 'a2'");
    await watch();
    expect(await standing()).toEqual([]);
    await field.db.query("update alerts set acknowledged_at = null where id = 'a1'");
    await watch();
    expect(raised()).toHaveLength(3);
  });

  it('[ALERT-04] without a column with the time, the time is that of the first audit; keys of several columns', async () => {
    const ana = new Device(ctx, principal('ana', ['1']));
    await ana.write(insert('crops', 'c1', { storeId: '1', note: 'x' }));
    await ana.write({
      table: 'calls',
      op: 'insert',
      key: '["c1","1"]',
      values: { crop: 'c1', storeId: '1', answeredBy: null },
    });
    await time.pass(59 * MINUTE);
    await watch();
    expect(raised()).toEqual([]);
    await time.pass(2 * MINUTE);
    await watch();
    expect((await standing()).map(({ subject }) => subject)).toEqual(['calls/["c1","1"]']);
    await ana.write(remove('calls', '["c1","1"]'));
    await field.db.query('delete from calls');
    await watch();
    expect(await standing()).toEqual([]);
  });

  it('[ALERT-05] no row content, and no key, is in the log or on the wire', async () => {
    await alertRow('0911-555-0100', 20 * MINUTE);
    await watch();
    await deliver();
    expect(heard).toHaveLength(1);
    const told = `${JSON.stringify(lines)}${JSON.stringify(heard)}`;
    for (const secret of ['Locusts', 'Rosa', '0911-555-0100', SECRET]) expect(told).not.toContain(secret);
    // Who may see it finds it by its id.
    const [alert] = await standing();
    expect(alert).toMatchObject({ subject: 'alerts/0911-555-0100', deliveredAt: ctx.clock.now() });
    expect(JSON.parse(heard[0]!.body)).toMatchObject({ alertId: alert!.alertId });
  });
});

describe('the webhook', () => {
  it('[ALERT-06] is told once, signed, as JSON', async () => {
    await past(100, 6);
    await watch();
    await deliver();
    await deliver();
    await time.pass(MINUTE);
    await deliver();
    expect(heard).toHaveLength(1);
    const [{ headers, body, path }] = heard as [(typeof heard)[0]];
    expect(path).toBe('/alerts');
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual({
      alertId: headers['satchel-alert'],
      app: 'farm',
      kind: 'conflict-rate',
      raisedAt: start,
      facts: { conflicts: 6, changes: 100, above: 0.05, withinMs: DAY },
    });
    const signature = String(headers['satchel-signature']);
    expect(signature).toBe(signatureOf(SECRET, start, body));
    const [, sentAt, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
    expect(mac).toBe(createHmac('sha256', SECRET).update(`${sentAt}.${body}`).digest('hex'));
  });

  it('[ALERT-07] an answer that is no success is followed by another try, later each time', async () => {
    answer = (at) => (at === 1 ? 500 : at === 2 ? 'redirect' : 204);
    await past(100, 6);
    await watch();
    await deliver();
    await deliver();
    expect(heard).toHaveLength(1);
    await time.pass(10_000);
    await deliver();
    expect(heard).toHaveLength(2);
    await time.pass(20_000);
    await deliver();
    expect(heard).toHaveLength(3);
    await time.pass(DAY / 2);
    await deliver();
    expect(heard).toHaveLength(3);
    expect(new Set(heard.map(({ headers }) => headers['satchel-alert'])).size).toBe(1);
    expect(new Set(heard.map(({ path }) => path))).toEqual(new Set(['/alerts']));
    expect(
      lines.filter(({ message }) => message === 'alert is sent again').map(({ fields }) => fields.failure),
    ).toEqual(['status 500', 'status 302']);
    expect(await standing()).toMatchObject([{ attempts: 3, deliveredAt: start + 30_000 }]);
  });

  it('[ALERT-08] silence is given up on, and after the last attempt the alert, with an error in the log', async () => {
    await maintenance.stop();
    answer = () => 'silence';
    open({ ...webhook, attempts: 2, timeoutMs: 3_000 });
    await past(100, 6);
    await watch();
    for (const round of [1, 2]) {
      const told = deliver();
      await expect.poll(() => heard.length).toBe(round);
      await time.pass(3_000);
      await told;
      await time.pass(20_000);
    }
    await deliver();
    expect(heard).toHaveLength(2);
    expect(lines.slice(-2).map(({ level, message, fields }) => [level, message, fields.failure])).toEqual([
      ['warn', 'alert is sent again', 'no answer in 3000 ms'],
      ['error', 'alert not delivered', 'no answer in 3000 ms'],
    ]);
    expect(await standing()).toMatchObject([{ attempts: 2 }]);
  });

  it('[ALERT-08] a receiver that is not there is no harm to the server', async () => {
    await maintenance.stop();
    open({ url: 'http://127.0.0.1:1/', secret: SECRET });
    await past(100, 6);
    await watch();
    await deliver();
    expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { failure: 'not reached' } });
  });

  it('[ALERT-09] without a webhook there is the log alone', async () => {
    await maintenance.stop();
    open(undefined);
    await past(100, 6);
    await watch();
    expect(raised()).toHaveLength(1);
    expect((await field.db.query('select next_at from satchel.alerts')).rows).toEqual([{ next_at: null }]);
  });

  it('[ALERT-10] two nodes tell it once', async () => {
    const other = startMaintenance(
      choresOf({ ...ctx, db: (await field.secondServer()).db }, webhook).filter(
        ({ name }) => name !== 'moments',
      ),
      ctx,
    );
    await past(100, 6);
    await Promise.all([watch(), other.run('alerts')]);
    await Promise.all([deliver(), other.run('deliver-alerts'), deliver()]);
    await other.stop();
    expect(raised()).toHaveLength(1);
    expect(heard).toHaveLength(1);
  });

  it.each([
    ['no address', { url: 'operators', secret: SECRET }],
    ['another scheme', { url: 'file:///etc/passwd', secret: SECRET }],
    ['a short secret', { url: 'https://example.org/', secret: 'short' }],
  ])('[ALERT-11] refuses %s', (_, settings) => {
    expect(() => checkWebhook(settings)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });
});

it('[ALERT-02] what stands and is found stays, what is new is raised, what was looked for and not found falls', () => {
  const alert = fc.record({
    kind: fc.constantFrom<Found['kind'][]>('conflict-rate', 'unacknowledged'),
    subject: fc.constantFrom('a', 'b', 'c', 'd'),
    facts: fc.constant({}),
  });
  const name = ({ kind, subject }: Pick<Found, 'kind' | 'subject'>) => `${kind} ${subject}`;
  const alerts = fc.uniqueArray(alert, { selector: name });
  fc.assert(
    fc.property(alerts, alerts, fc.constantFrom('a', 'b', 'none'), (stands, found, unseen) => {
      const covers = (_: string, subject: string) => subject !== unseen;
      const { raised: up, fallen } = compareAlerts(stands, found, covers);
      const after = new Set([...stands.filter((one) => !fallen.includes(one)), ...up].map(name));
      for (const one of found) expect(after.has(name(one))).toBe(true);
      for (const one of up) expect(stands.some((other) => name(other) === name(one))).toBe(false);
      for (const one of fallen) expect(found.some((other) => name(other) === name(one))).toBe(false);
      for (const one of stands) if (!covers(one.kind, one.subject)) expect(after.has(name(one))).toBe(true);
    }),
  );
});
