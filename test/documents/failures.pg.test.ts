import type { Figures } from '@satchel/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Field, openField, type Person } from '../field/field.ts';
import { until } from '../field/until.ts';
import { documentsApp } from './documents-app.ts';

const STAFF: Person = { userId: 'ana', roles: ['staff'], claims: { storeId: '1' } };

let field: Field<typeof documentsApp>;
beforeAll(async () => {
  field = await openField(documentsApp);
});
afterAll(() => field.close());

const figures = async (): Promise<Figures> => {
  const token = await field.token({ userId: 'root', roles: ['admin'] });
  const answer = await fetch(`${field.server.url}/v1/figures`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return (await answer.json()) as Figures;
};
const product = (key: string) =>
  `insert into products (id, store_id, name, price) values ('${key}', '1', 'Rice', 50)`;

it('[REP-10] S0-146 runs that failed on the way are told by the device when it is back, by code', async () => {
  let isAway = false;
  const phone = await field.device(STAFF, { road: { unavailable: () => isAway } });
  await phone.sync();
  // Runs are told apart by when they began.
  await field.time.pass(60_000);
  isAway = true;
  await phone.db.write([{ sql: product('p1') }]);
  await phone.db.sync.now();
  const failed = (await phone.db.history(50)).filter(({ problem }) => problem !== undefined);
  expect(failed.length).toBeGreaterThan(0);
  isAway = false;
  await field.time.pass(60_000);
  await phone.sync();
  await field.time.pass(60_000);
  await phone.sync();
  const { syncs, failures } = await figures();
  const code = failed[0]!.problem!.code;
  const told = failures.find((one) => one.code === code);
  expect(told?.syncs).toBeGreaterThanOrEqual(failed.filter(({ problem }) => problem!.code === code).length);
  expect(syncs.successRate).toBe(syncs.succeeded / syncs.total);
  expect(syncs.successRate).toBeLessThan(1);
  expect(syncs.total - syncs.succeeded).toBe(failures.reduce((sum, one) => sum + one.syncs, 0));
  await phone.close();
});

it('[REP-12] news that is handed out live counts in the time to consistency', async () => {
  const before = (await figures()).consistency.samples;
  const [one, two] = [
    await field.device(STAFF, { live: true }),
    await field.device({ ...STAFF, userId: 'ben' }, { live: true }),
  ];
  for (const device of [one, two]) await until(device, 'live', async () => (await device.db.status()).live);
  await one.db.write([{ sql: product('p2') }]);
  await one.db.sync.now();
  await until(
    two,
    'the news',
    async () => (await two.db.get("select 1 from products where id = 'p2'")) !== undefined,
  );
  const { consistency } = await figures();
  expect(consistency.samples).toBeGreaterThan(before);
  expect(consistency.p50Ms).not.toBeNull();
  await one.close();
  await two.close();
});
