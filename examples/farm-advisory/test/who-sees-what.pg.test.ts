import { hours } from '@satchel/schema';
import { loadRows } from '@satchel/testing/load-rows';
import farmAdvisory from '@satchel-examples/farm-advisory/app';
import { seed } from '@satchel-examples/farm-advisory/seed';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Field, openField, type Person } from '../../../test/field/field.ts';

let field: Field<typeof farmAdvisory>;
beforeAll(async () => {
  field = await openField(farmAdvisory);
  await loadRows(field.db, farmAdvisory, seed);
});
afterAll(async () => {
  await field?.close();
});

const PEOPLE: readonly (readonly [who: string, person: Person, seen: Readonly<Record<string, number>>])[] = [
  [
    'a farmer sees his own, and the prices of his region',
    { userId: 'farmer', roles: ['farmer'], claims: { region: 'north' } },
    { profiles: 1, crop_records: 2, alerts: 1, market_prices: 5, insurance_policies: 1 },
  ],
  [
    'an agent sees the farmers that he advises, in the agent app without their profiles',
    { userId: 'agent', roles: ['agent'], channel: 'agent' },
    { profiles: 0, crop_records: 8, alerts: 4, market_prices: 0, insurance_policies: 0 },
  ],
  [
    'a cooperative sees its members',
    { userId: 'coop', roles: ['cooperative'], claims: { cooperativeId: 'coop-1' } },
    { profiles: 4, crop_records: 8, alerts: 4, market_prices: 0, insurance_policies: 0 },
  ],
  [
    'support sees everybody',
    { userId: 'support', roles: ['support'], claims: { region: 'south' } },
    { profiles: 6, crop_records: 12, alerts: 6, market_prices: 5, insurance_policies: 6 },
  ],
  [
    'a farmer who says that he is of a cooperative sees no more than his own',
    { userId: 'farmer', roles: ['farmer'], claims: { cooperativeId: 'coop-1' } },
    { profiles: 1, crop_records: 2, alerts: 1, market_prices: 0, insurance_policies: 1 },
  ],
];

it.each(PEOPLE)('%s', async (_who, person, seen) => {
  const device = await field.device(person);
  await device.sync();
  const held = await Promise.all(
    Object.keys(seen).map(
      async (table) => [table, (await device.db.get(`select count(*) as n from ${table}`))?.n] as const,
    ),
  );
  expect(Object.fromEntries(held)).toEqual(seen);
});

it('an adviser who leaves loses the farmer, one who comes gets him', async () => {
  const device = await field.device({ userId: 'agent', roles: ['agent'], channel: 'agent' });
  await device.sync();
  await field.db.query("delete from advisers where farmer_id = 'farmer' and agent_id = 'agent'");
  await field.db.query("insert into advisers (farmer_id, agent_id) values ('farmer-5', 'agent')");
  await device.sync();
  const rows = await device.db.all('select distinct farmer_id from crop_records order by farmer_id');
  expect(rows.map(({ farmer_id }) => farmer_id)).toEqual(['farmer-2', 'farmer-3', 'farmer-4', 'farmer-5']);
});

it('[S0-64] a price is stale after six hours, as the app says', () => {
  expect(farmAdvisory.tables.marketPrices.staleAfter).toBe(hours(6));
});
