import { loadRows } from '@satchel/testing/load-rows';
import meterReadings from '@satchel-examples/meter-readings/app';
import { seed } from '@satchel-examples/meter-readings/seed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Field, type FieldDevice, openField, type Person } from '../../../test/field/field.ts';

const claims = { district: 'd-1' };
const reader = { userId: 'reader', roles: ['reader'], claims };
const admin = { userId: 'admin', roles: ['admin'], claims };

interface Result {
  readonly client_temp_id: string | null;
  readonly status: string;
  readonly server_id: string;
  readonly server_version: number;
  readonly server_payload?: Readonly<Record<string, unknown>>;
  readonly conflict_id?: string;
  readonly error?: string;
}
interface Pulled {
  readonly next_token: string;
  readonly changes: readonly {
    readonly id: string;
    readonly payload: Readonly<Record<string, unknown>>;
    readonly server_version: number;
  }[];
}

let field: Field<typeof meterReadings>;
let native: FieldDevice<typeof meterReadings>;
beforeAll(async () => {
  field = await openField(meterReadings);
  await loadRows(field.db, meterReadings, seed);
  native = await field.device(reader);
});
afterAll(async () => {
  await field?.close();
});

/** A request of the document's device, or of its administrator. */
const ask = async <Answer>(person: Person, path: string, body?: unknown): Promise<Answer> => {
  await field.time.pass(1_000);
  const answer = await fetch(`${field.server.url}/api/v1/mobile/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${await field.token(person)}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.status, `${path} ${await answer.clone().text()}`).toBe(200);
  return (await answer.json()) as Answer;
};

describe("the document's sequence: push, conflict, decision, pull", () => {
  let token: string;
  let results: readonly Result[];
  let conflictId: string;

  it('[S4-38] the device pulls, takes in, and only then acknowledges', async () => {
    const pulled = await ask<Pulled>(reader, 'sync/pull', { device_id: 'device-uuid-123' });
    token = pulled.next_token;
    expect(pulled.changes.find(({ id }) => id === 'm-123')?.payload).toMatchObject({
      reading: expect.any(Number),
    });
    expect(await ask(reader, 'sync/ack', { ack_token: token, device_id: 'device-uuid-123' })).toMatchObject({
      success: true,
    });
  });

  it('[S4-72] [S4-13] [S4-14] a push is 200 with a batch id and a result for each item, also where one clashes', async () => {
    await field.db.query("update meters set reading = 50 where id = 'm-123'");
    const pushed = await ask<{ batch_id: string; results: readonly Result[]; server_sync_token: string }>(
      reader,
      'sync/push',
      {
        device_id: 'device-uuid-123',
        client_sync_token: token,
        items: [
          {
            client_temp_id: 'tmp-1',
            resource_type: 'submission',
            action: 'create',
            payload: { form_id: 'f-1', form_version: 'v2', data: { fieldA: 'ok' } },
            client_version: 1,
          },
          {
            resource_type: 'meter',
            action: 'update',
            payload: { id: 'm-123', reading: 42 },
            client_version: 5,
          },
        ],
      },
    );
    results = pushed.results;
    expect(pushed.batch_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(pushed.server_sync_token).not.toBe('');
    expect(results.map(({ status }) => status)).toEqual(['ok', 'conflict']);
  });

  it('[S4-73] ok: the device replaces the temporary id everywhere', async () => {
    const [made] = results;
    expect(made).toMatchObject({ client_temp_id: 'tmp-1', server_id: expect.any(String) });
    const again = await ask<{ results: readonly Result[] }>(reader, 'sync/push', {
      device_id: 'device-uuid-123',
      items: [
        {
          client_temp_id: 'tmp-1',
          resource_type: 'submission',
          action: 'update',
          payload: { data: { fieldA: 'later' } },
          client_version: 2,
        },
      ],
    });
    expect(again.results).toMatchObject([{ status: 'ok', server_id: made?.server_id }]);
    const { rows } = await field.db.query('select data from submissions where id = $1', [made?.server_id]);
    expect(rows).toEqual([{ data: { fieldA: 'later' } }]);
  });

  it("[S4-74] conflict: a record is made, and the result has the server's version and payload", async () => {
    const [, clash] = results;
    expect(clash).toMatchObject({ server_version: expect.any(Number), server_payload: { reading: 50 } });
    expect(clash?.error).toBe(`Version mismatch: server_version=${clash?.server_version}, client_version=5`);
    conflictId = clash?.conflict_id ?? '';
    expect(await ask(admin, `conflicts/${conflictId}`)).toMatchObject({
      resource_id: 'm-123',
      server_payload: { reading: 50 },
      client_payload: { reading: 42 },
    });
    await native.sync();
    expect(await native.db.get("select reading from meters where id = 'm-123'")).toEqual({ reading: 50 });
  });

  it("[S4-76] the administrator accepts the client's: applied, a newer version, there with the next pull of every device", async () => {
    await ask(admin, `conflicts/${conflictId}/resolve`, { resolution: 'accept_client' });
    const pulled = await ask<Pulled>(reader, 'sync/pull', {
      since_token: token,
      device_id: 'device-uuid-123',
    });
    const meter = pulled.changes.find(({ id }) => id === 'm-123');
    expect(meter?.payload).toMatchObject({ reading: 42 });
    expect(meter?.server_version).toBeGreaterThan(results[1]?.server_version ?? 0);
    await native.sync();
    expect(await native.db.get("select reading from meters where id = 'm-123'")).toEqual({ reading: 42 });
  });
});
