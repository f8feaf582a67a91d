import meterReadings from '@satchel-examples/meter-readings/app';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Field, openField, type Person } from '../field/field.ts';

const READER: Person = { userId: 'reader-1', roles: ['reader'], claims: { district: 'north' } };

let field: Field<typeof meterReadings>;
beforeAll(async () => {
  field = await openField(meterReadings);
  await field.db.query(
    `insert into forms (id, title) values ('f-1', 'Reading');
     insert into meters (id, district, code, reading) values ('m-123', 'north', 'A1', 40)`,
  );
});
afterAll(() => field.close());

const asked = (text: string) =>
  field.db.transaction('snapshot', async (tx) => {
    await tx.query('set local search_path = satchel_documents, public');
    return (await tx.query<Record<string, unknown>>(text)).rows;
  });

it('[DOC-36] a dialect’s request is kept as its client sent it, under the device’s own name', async () => {
  const raw = ` ${JSON.stringify({
    device_id: 'device-uuid-123',
    items: [
      {
        client_temp_id: 'tmp-1',
        resource_type: 'submission',
        action: 'create',
        payload: { form_id: 'f-1', form_version: 'v2', data: { fieldA: 'ok' } },
        client_version: 1,
      },
      { resource_type: 'meter', action: 'update', payload: { id: 'm-123', reading: 42 }, client_version: 1 },
    ],
  })}`;
  await field.db.query("update meters set reading = 50 where id = 'm-123'");
  const answer = await fetch(`${field.server.url}/api/v1/mobile/sync/push`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await field.token(READER)}`, 'content-type': 'application/json' },
    body: raw,
  });
  expect(answer.status).toBe(200);
  const { batch_id } = (await answer.json()) as { batch_id: string };
  const [batch] = await asked(`select * from sync_batches where id = '${batch_id}'`);
  expect(batch).toMatchObject({ device_id: 'device-uuid-123', user_id: 'reader-1', payload: raw });
  const items = await asked(
    `select resource_type, action, status, payload from sync_items where batch_id = '${batch_id}' order by id`,
  );
  expect(items).toMatchObject([
    { resource_type: 'submission', action: 'create', status: 'ok', payload: { form_version: 'v2' } },
    { resource_type: 'meter', action: 'update', status: 'conflict', payload: { reading: 42 } },
  ]);
  expect(
    await asked('select resource_type, resource_id, server_payload, client_payload from conflicts'),
  ).toEqual([
    {
      resource_type: 'meter',
      resource_id: 'm-123',
      server_payload: { reading: 50, last_updated_by: 'sys' },
      client_payload: { reading: 42, device_ts: expect.stringMatching(/Z$/) },
    },
  ]);
  // The document's query: how often each device has synced.
  expect(
    await asked('SELECT device_id, COUNT(*) as sync_count FROM client_sync_state GROUP BY device_id'),
  ).toEqual([{ device_id: 'device-uuid-123', sync_count: 1 }]);
});
