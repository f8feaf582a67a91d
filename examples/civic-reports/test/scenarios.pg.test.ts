import civicReports from '@satchel-examples/civic-reports/app';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchSizes } from '../../../test/field/answers.ts';
import { type Field, openField } from '../../../test/field/field.ts';
import { until } from '../../../test/field/until.ts';

const DAY = 86_400_000;
const citizen = { userId: 'citizen', roles: ['citizen'] };
const officer = { userId: 'officer', roles: ['officer'] };

let field: Field<typeof civicReports>;
beforeAll(async () => {
  field = await openField(civicReports, { at: '2025-10-19T09:00:00Z' });
});
afterAll(async () => {
  await field?.close();
});

const report = (id: string, title = 'Pothole on Main Street') => ({
  sql: `insert into reports (id, reporter_id, title, description, category, latitude, longitude)
        values (?, 'citizen', ?, 'Large pothole', 'roads', 23.3441, 85.3096)`,
  parameters: [id, title],
});

describe("the document's own tests", () => {
  it('[S3-116] test 1: a report made offline is saved, sent by itself, and has its server_id', async () => {
    const phone = await field.device(citizen);
    await phone.sync();
    phone.online(false);
    await phone.db.write([report('uuid-1')]);
    expect(await phone.db.get("select title, server_id from reports where id = 'uuid-1'")).toEqual({
      title: 'Pothole on Main Street',
      server_id: null,
    });
    phone.online(true);
    await until(phone, 'sent by itself', async () => (await phone.db.status()).pending === 0);
    const { rows } = await field.db.query<{ server_id: string; latitude: number; longitude: number }>(
      "select server_id, latitude, longitude from reports where id = 'uuid-1'",
    );
    expect(rows).toEqual([{ server_id: expect.anything(), latitude: 23.3441, longitude: 85.3096 }]);
    await phone.sync();
    const local = await phone.db.get("select server_id from reports where id = 'uuid-1'");
    expect(local).toEqual({ server_id: Number(rows[0]?.server_id) });
  });

  it.each([
    ['server_wins', { decision: 'accept-server' }, 'Pothole from device 1'],
    ['client_wins', { decision: 'accept-client' }, 'Pothole from device 2'],
    [
      'merge',
      { decision: 'merged', fields: { title: { take: 'value', value: 'Pothole from both' } } },
      'Pothole from both',
    ],
  ] as const)(
    '[S3-117] test 2: one report edited on two devices, resolved by %s',
    async (name, request, title) => {
      const id = `conflict-${name}`;
      const [one, two] = [await field.device(citizen), await field.device(citizen)];
      await one.db.write([report(id)]);
      await one.sync();
      await two.sync();
      for (const device of [one, two]) device.online(false);
      await one.db.write([
        { sql: "update reports set title = 'Pothole from device 1' where id = ?", parameters: [id] },
      ]);
      await two.db.write([
        { sql: "update reports set title = 'Pothole from device 2' where id = ?", parameters: [id] },
      ]);
      await one.sync();
      expect((await one.db.status()).pending, 'device 1 succeeds').toBe(0);
      await two.sync();
      expect((await two.db.status()).phase, 'device 2 has a conflict').toBe('conflict');
      const [conflict] = (await two.db.conflicts.list()).filter(({ key }) => key === id);
      expect(conflict).toMatchObject({
        state: 'open',
        client: { title: 'Pothole from device 2' },
        server: { title: 'Pothole from device 1' },
      });
      await two.db.conflicts.resolve(conflict?.conflictId ?? '', request);
      for (const device of [two, one]) await device.sync();
      for (const { db } of [one, two])
        expect(await db.get('select title from reports where id = ?', [id])).toEqual({ title });
      expect((await two.db.status()).pending).toBe(0);
    },
  );

  it('[S3-118] test 3: three days offline, ten reports, five profile updates, one batch, nothing pending', async () => {
    const tokens: (string | null)[] = [await field.token(citizen, 3_600)];
    const phone = await field.device(citizen, { token: () => tokens.at(-1) ?? null });
    await phone.db.write([{ sql: "insert into profiles (id, name) values ('citizen', 'Citizen')" }]);
    await phone.sync();
    phone.online(false);
    for (let n = 1; n <= 10; n += 1) {
      await field.time.pass((3 * DAY) / 15);
      await phone.db.write([report(`away-${n}`)]);
      if (n % 2 === 0) {
        await field.time.pass((3 * DAY) / 15);
        await phone.db.write([
          { sql: 'update profiles set name = ? where id = ?', parameters: [`Citizen ${n}`, 'citizen'] },
        ]);
      }
    }
    const before = phone.exchanges.length;
    await phone.sync();
    // The token is three days old: nothing is dropped, the device asks for another.
    expect((await phone.db.status()).phase).toBe('needs-auth');
    expect((await phone.db.status()).pending).toBeGreaterThan(0);

    tokens.push(await field.token(citizen));
    phone.online(true);
    await phone.db.sync.renewed();
    await until(phone, 'all is sent', async () => (await phone.db.status()).pending === 0);
    const pushes = phone.exchanges
      .slice(before)
      .filter(({ path, status }) => path === '/v1/push' && status === 200);
    expect(pushes).toHaveLength(1);
    // Five edits of one row that were never sent are one: the last one.
    expect(batchSizes(pushes)).toEqual([11]);
    const { rows } = await field.db.query(
      "select count(*)::int as reports, (select name from profiles where id = 'citizen') as name from reports where id like 'away-%'",
    );
    expect(rows).toEqual([{ reports: 10, name: 'Citizen 10' }]);
    expect((await phone.db.status()).phase).toBe('synced');
  });
});

it('[S2-60] a conflict that is resolved on a device starts a sync there', async () => {
  const [one, two] = [await field.device(citizen), await field.device(citizen)];
  await one.db.write([report('resolved')]);
  await one.sync();
  await two.sync();
  two.online(false);
  await one.db.write([{ sql: "update reports set title = 'From one' where id = 'resolved'" }]);
  await two.db.write([{ sql: "update reports set title = 'From two' where id = 'resolved'" }]);
  await one.sync();
  two.online(true);
  await two.sync();
  const [conflict] = (await two.db.conflicts.list()).filter(({ key }) => key === 'resolved');
  await two.db.conflicts.resolve(conflict?.conflictId ?? '', { decision: 'accept-client' });
  await until(two, 'nothing waits', async () => (await two.db.status()).pending === 0);
  expect((await two.db.history(3)).map(({ trigger }) => trigger)).toContain('conflict');
  expect(await two.db.get("select title from reports where id = 'resolved'")).toEqual({ title: 'From two' });
});

describe('what the document promises to each role', () => {
  it('[S3-102] [S3-103] [S3-104] [S3-105] citizens work offline and are brought up to date by themselves', async () => {
    const phone = await field.device(citizen, { live: true });
    await phone.sync();
    phone.online(false);
    await phone.db.write([report('cached', 'Cached')]);
    await phone.db.write([
      {
        sql: "insert into profiles (id, language) values ('citizen', 'hi') on conflict (id) do update set language = 'hi'",
      },
    ]);
    expect(await phone.db.get("select title from reports where id = 'cached'")).toEqual({ title: 'Cached' });
    phone.online(true);
    await until(phone, 'sent', async () => (await phone.db.status()).pending === 0);
    const { rows } = await field.db.query("select language from profiles where id = 'citizen'");
    expect(rows).toEqual([{ language: 'hi' }]);
  });

  it('[S3-108] [S3-109] [S3-110] [S3-111] officers see reports offline, work on tasks, and hear of each other at once', async () => {
    await field.db.query("insert into reports (id, reporter_id, title) values ('seen', 'citizen', 'Seen')");
    await field.db.query(
      "insert into tasks (id, report_id, officer_id, title) values ('task-1', 'seen', 'officer', 'Fill')",
    );
    const [phone, desk] = [await field.device(officer), await field.device(officer, { live: true })];
    await phone.sync();
    await desk.sync();
    phone.online(false);
    expect(await phone.db.get("select title from reports where id = 'seen'")).toEqual({ title: 'Seen' });
    await phone.db.write([{ sql: "update tasks set status = 'done' where id = 'task-1'" }]);
    expect(await desk.db.get("select status from tasks where id = 'task-1'")).toEqual({ status: 'open' });
    await phone.sync();
    await until(
      desk,
      'the other device hears of it',
      async () => (await desk.db.get("select status from tasks where id = 'task-1'"))?.status === 'done',
    );
  });
});
