import { columnToSql } from '@satchel/core';
import { CHANNELS } from '@satchel/schema';
import { loadRows } from '@satchel/testing/load-rows';
import farmAdvisory from '@satchel-examples/farm-advisory/app';
import { seed } from '@satchel-examples/farm-advisory/seed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf } from '../../../test/field/answers.ts';
import { type Field, type FieldDevice, openField } from '../../../test/field/field.ts';

const farmer = { userId: 'farmer', roles: ['farmer'], claims: { region: 'north' } };

let field: Field<typeof farmAdvisory>;
beforeAll(async () => {
  field = await openField(farmAdvisory);
  await loadRows(field.db, farmAdvisory, seed);
});
afterAll(async () => {
  await field?.close();
});

/** The document's table of entities and channels, and how each is written. */
const ENTITIES = [
  [
    'S0-31',
    'User profile',
    'profiles',
    ['mobile', 'web'],
    "update profiles set language = ? where id = 'farmer'",
  ],
  [
    'S0-37',
    'Crop records',
    'cropRecords',
    ['mobile', 'agent'],
    "update crop_records set crop_type = ? where id = 'crop-1-1'",
  ],
  [
    'S0-40',
    'Alerts',
    'alerts',
    ['mobile', 'web', 'agent', 'ussd', 'sms'],
    "update alerts set acknowledged_by = ? where id = 'alert-1'",
  ],
  [
    'S0-45',
    'Market queries',
    'marketQueries',
    ['mobile', 'ussd'],
    "insert into market_queries (id, farmer_id, crop, location, asked_at) values (?, 'farmer', 'maize', 'north', 0)",
  ],
  [
    'S0-49',
    'Insurance',
    'insuranceClaims',
    ['mobile', 'web'],
    "insert into insurance_claims (id, policy_id, cause, amount, filed_at) values (?, 'policy-1', 'drought', '1', 0)",
  ],
  [
    'S0-53',
    'Advisory bookmarks',
    'advisoryBookmarks',
    ['mobile', 'web'],
    "insert into advisory_bookmarks (id, farmer_id, advisory_id, saved_at) values (?, 'farmer', 'advisory-north-1', 0)",
  ],
] as const;

describe('entities and channels', () => {
  it.each(
    ENTITIES.flatMap(([id, entity, table, open, sql]) =>
      CHANNELS.map(
        (channel) => [id, entity, channel, table, open.some((one) => one === channel), sql] as const,
      ),
    ),
  )('[%s] %s by %s', async (_id, _entity, channel, table, open, sql) => {
    const device = await field.device({ ...farmer, channel });
    await device.sync();
    const readable = `select count(*) as n from ${columnToSql(table)}`;
    expect(Number((await device.db.get(readable))?.n) > 0, 'is read').toBe(open);

    // What is not on the device can still be tried: the server refuses it.
    const text = open ? sql : sql.startsWith('update') ? (INSERTS[table] ?? sql) : sql;
    const { mutationId } = await device.db.write([{ sql: text, parameters: [`by-${channel}`] }]);
    await device.sync();
    const outcome = outcomeOf(device.exchanges, mutationId);
    const code = outcome.changes.find((change) => change.problem)?.problem?.code ?? outcome.problem?.code;
    expect(code ?? outcome.outcome, 'is written').toBe(open ? 'applied' : 'channel_denied');
    await device.close();
  });
});

const INSERTS: Readonly<Record<string, string>> = {
  profiles: "insert into profiles (id, name, phone) values (?, 'Farmer', '+254700000009')",
  cropRecords:
    "insert into crop_records (id, farmer_id, crop_type, acreage) values (?, 'farmer', 'maize', '1')",
};

/** Every field that the document names, and a value that is hard to keep. */
const FIELDS: readonly (readonly [id: string, table: string, column: string, value: unknown])[] = [
  ['S0-26', 'profiles', 'name', 'Ọlá 🌾'],
  ['S0-27', 'profiles', 'phone', '+254700000001'],
  ['S0-28', 'profiles', 'language', 'sw'],
  ['S0-30', 'profiles', 'preferences', '{"sms":false,"units":"hectare"}'],
  ['S0-32', 'crop_records', 'crop_type', 'sorghum'],
  ['S0-33', 'crop_records', 'acreage', '0.1'],
  ['S0-34', 'crop_records', 'planted_on', '2025-03-30'],
  ['S0-35', 'crop_records', 'harvested_on', '2025-10-26'],
  ['S0-39', 'alerts', 'acknowledged_at', 1_766_052_000_123],
  ['S0-41', 'market_queries', 'crop', 'beans'],
  ['S0-42', 'market_queries', 'location', 'south'],
  ['S0-43', 'market_queries', 'asked_at', 1_766_052_000_001],
  ['S0-48', 'insurance_claims', 'amount', '1234567.89'],
  ['S0-50', 'advisory_bookmarks', 'advisory_id', 'advisory-north-2'],
  ['S0-51', 'advisory_bookmarks', 'notes', 'Ask about the lower field'],
];
/** Written by others: the device only reads them. */
const GIVEN: readonly (readonly [id: string, table: string, column: string, value: unknown])[] = [
  ['S0-38', 'alerts', 'message', 'Frost is expected'],
  ['S0-44', 'market_queries', 'recommendations', '["Wait"]'],
  ['S0-46', 'insurance_policies', 'status', 'lapsed'],
  ['S0-47', 'insurance_policies', 'triggers', '[{"event":"frost"}]'],
];

describe('every field of the document', () => {
  let one: FieldDevice<typeof farmAdvisory>;
  let two: FieldDevice<typeof farmAdvisory>;
  const row: Readonly<Record<string, string>> = {
    profiles: 'farmer',
    crop_records: 'crop-1-2',
    alerts: 'alert-1',
    market_queries: 'query-own',
    insurance_claims: 'claim-own',
    advisory_bookmarks: 'bookmark-own',
    insurance_policies: 'policy-1',
  };

  beforeAll(async () => {
    one = await field.device(farmer);
    two = await field.device(farmer);
    await one.sync();
    await one.db.write([
      {
        sql: "insert into market_queries (id, farmer_id, crop, location, asked_at) values ('query-own', 'farmer', 'beans', 'south', 1766052000001)",
      },
      {
        sql: "insert into insurance_claims (id, policy_id, cause, amount, filed_at) values ('claim-own', 'policy-1', 'drought', '1', 0)",
      },
      {
        sql: "insert into advisory_bookmarks (id, farmer_id, advisory_id, saved_at) values ('bookmark-own', 'farmer', 'advisory-north-1', 0)",
      },
    ]);
    // A query is asked once; everything else is edited.
    for (const [, table, column, value] of FIELDS.filter(([, name]) => name !== 'market_queries'))
      await one.db.write([
        { sql: `update ${table} set ${column} = ? where id = ?`, parameters: [value, row[table]] },
      ]);
    await one.sync();
    for (const [, table, column, value] of GIVEN)
      await field.db.query(`update ${table} set ${column} = $1 where id = $2`, [value, row[table]]);
    await two.sync();
  });

  it.each([...FIELDS, ...GIVEN])(
    '[%s] %s.%s is on the other device as it was written',
    async (_id, table, column, value) => {
      expect(await two.db.get(`select ${column} as value from ${table} where id = ?`, [row[table]])).toEqual({
        value,
      });
    },
  );

  it('[S0-27] a telephone number that is none is refused where it is typed', async () => {
    await expect(
      one.db.write([{ sql: "update profiles set phone = '0700' where id = 'farmer'" }]),
    ).rejects.toMatchObject({ code: 'validator_failed' });
  });
});
