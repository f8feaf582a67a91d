import type { Conflict } from '@satchel/protocol';
import { defineApp, id, review, table, text } from '@satchel/schema';
import { signToken } from '@satchel/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Field, openField, type Person } from '../field/field.ts';

/** People with a role in a row; who may do what hangs on the role in the token alone. */
const app = defineApp({
  name: 'people',
  roles: ['citizen', 'agent', 'officer', 'manager', 'support', 'admin'],
  administrators: ['admin'],
  tables: {
    profiles: table(
      { id: id(), name: text(), role: text({ default: 'citizen' }), ward: text() },
      {
        scope: ['user:{id}', 'ward:{ward}'],
        conflicts: { update: review({ by: 'author' }) },
        access: { delete: ['support', 'admin'], columns: { role: { write: ['support', 'admin'] } } },
      },
    ),
    wards: table(
      { userId: text(), ward: text() },
      { scope: 'user:{userId}', primaryKey: ['userId', 'ward'], access: { write: ['support', 'admin'] } },
    ),
    tasks: table(
      { id: id(), ward: text(), title: text(), cost: text({ default: '' }) },
      {
        scope: 'ward:{ward}',
        access: {
          read: ['officer', 'manager', 'admin'],
          write: ['officer', 'manager'],
          columns: { cost: { read: ['manager', 'admin'], write: ['manager'] } },
        },
        conflicts: { update: review({ by: { role: 'manager' } }) },
      },
    ),
  },
  scopesOf: ({ userId, claims, roles }) => [
    `user:${userId}`,
    ...(roles.some((role) => role === 'officer' || role === 'manager' || role === 'admin')
      ? [`ward:${String(claims.ward)}`]
      : []),
  ],
  documentViews: { device: true },
});

const person = (userId: string, role: string, ward = '7'): Person => ({
  userId,
  roles: [role],
  claims: { ward },
});
const EVE = person('eve', 'citizen');
const OFFICER = person('officer', 'officer');
const MANAGER = person('manager', 'manager');
const ADMIN = person('root', 'admin');

let field: Field<typeof app>;
beforeAll(async () => {
  field = await openField(app);
});
afterAll(() => field.close());

const ask = async (who: Person | string, path: string, body?: unknown) => {
  const token = typeof who === 'string' ? who : await field.token(who);
  const answer = await fetch(`${field.server.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json = (await answer.json()) as { error?: { code: string } };
  return { status: answer.status, json: json as never, code: json.error?.code };
};
const roleOf = async (key: string) =>
  (await field.db.query<{ role: string }>('select role from profiles where id = $1', [key])).rows[0]?.role;

describe('a role is not raised by its holder', () => {
  it('[ROLE-01] S0-29 not by an update, nor by an insert, nor by both, nor from quarantine', async () => {
    const phone = await field.device(EVE);
    const write = (sql: string) => phone.db.write([{ sql }]);
    await write("insert into profiles (id, name, ward) values ('eve', 'Eve', '7')");
    await phone.sync();
    expect(await roleOf('eve')).toBe('citizen');
    await write("update profiles set role = 'admin' where id = 'eve'");
    await phone.sync();
    await write("update profiles set role = 'officer', name = 'Eva' where id = 'eve'");
    await phone.sync();
    await write("delete from profiles where id = 'eve'");
    await phone.sync();
    await write("insert or replace into profiles (id, name, ward, role) values ('eve', 'Eve', '7', 'admin')");
    await phone.sync();
    expect(await roleOf('eve')).toBe('citizen');
    const refused = await phone.db.quarantine.list();
    expect(refused.length).toBeGreaterThanOrEqual(3);
    for (const { mutationId } of refused) {
      await phone.db.quarantine.retry(mutationId).catch(() => {});
      await phone.sync();
    }
    expect(await roleOf('eve')).toBe('citizen');
    const mallory = await field.device(person('mallory', 'citizen'));
    await mallory.db.write([
      { sql: "insert into profiles (id, name, ward, role) values ('mallory', 'Mallory', '7', 'admin')" },
    ]);
    await mallory.sync();
    expect(await roleOf('mallory')).toBeUndefined();
    // The row on the device is what the server has: nothing was gained there either.
    expect(await phone.db.get("select role from profiles where id = 'eve'")).toEqual({ role: 'citizen' });
    await phone.close();
    await mallory.close();
  });

  it('[ROLE-02] not by deciding a conflict of his own', async () => {
    const dan = person('dan', 'citizen');
    const phone = await field.device(dan);
    await phone.db.write([{ sql: "insert into profiles (id, name, ward) values ('dan', 'Dan', '7')" }]);
    await phone.sync();
    phone.online(false);
    await field.db.query("update profiles set name = 'Daniel' where id = 'dan'");
    await phone.db.write([{ sql: "update profiles set name = 'Danny' where id = 'dan'" }]);
    await phone.sync();
    const [conflict] = await phone.db.conflicts.list({ refresh: true });
    expect(conflict).toMatchObject({ state: 'open', columns: ['name'] });
    for (const fields of [
      { name: { take: 'client' }, role: { take: 'value', value: 'admin' } },
      { role: { take: 'value', value: 'admin' } },
    ]) {
      const answer = await ask(dan, `/v1/conflicts/${conflict!.conflictId}/resolve`, {
        decision: 'merged',
        fields,
      });
      expect([answer.status, answer.code]).toEqual([403, 'column_denied']);
    }
    expect(await roleOf('dan')).toBe('citizen');
    // What he may write he may decide; an administrator may decide everything.
    const kept = await ask(dan, `/v1/conflicts/${conflict!.conflictId}/resolve`, {
      decision: 'merged',
      fields: { name: { take: 'value', value: 'Dan the man' } },
    });
    expect(kept.status).toBe(200);
    expect(await roleOf('dan')).toBe('citizen');
    await phone.close();
  });

  it('[ROLE-03] not by the role in his row, nor by what a device says of itself, nor by a token of his own making', async () => {
    await field.db.query("update profiles set role = 'admin' where id = 'eve'");
    expect((await ask(EVE, '/v1/clients')).code).toBe('not_administrator');
    const forged = await signToken('a secret that the server has never seen', EVE, field.time);
    expect((await ask(forged, '/v1/status')).status).toBe(401);
    const [head, body] = (await field.token(EVE)).split('.');
    const raised = { ...JSON.parse(Buffer.from(body!, 'base64url').toString()), roles: ['admin'] };
    const altered = `${head}.${Buffer.from(JSON.stringify(raised)).toString('base64url')}.${(await field.token(EVE)).split('.')[2]}`;
    expect((await ask(altered, '/v1/clients')).status).toBe(401);
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(raised)).toString('base64url')}.`;
    expect((await ask(unsigned, '/v1/clients')).status).toBe(401);
  });

  it('[ROLE-04] not by putting himself into a table that rights are read from', async () => {
    const phone = await field.device(EVE);
    await phone.db.write([{ sql: "insert into wards (user_id, ward) values ('eve', '8')" }]);
    await phone.sync();
    expect((await field.db.query('select count(*)::int as n from wards')).rows).toEqual([{ n: 0 }]);
    expect((await phone.db.quarantine.list()).at(-1)?.problem.code).toBe('op_denied');
    await phone.close();
  });
});

it('[ROLE-08] nor by trying again what he sent while he still had the role', async () => {
  const boss = person('boss', 'manager');
  const before = await field.device(boss);
  await before.db.write([{ sql: "insert into tasks (id, ward, title) values ('t9', '7', 'Mine')" }]);
  await before.sync();
  const [pushed] = before.exchanges.filter(({ path }) => path === '/v1/push');
  const request = JSON.parse(pushed!.sent) as { batchId: string; mutations: { mutationId: string }[] };
  // The server kept the request, and died before it was tried; he is a manager no more when it is back.
  await field.db.query("delete from tasks where id = 't9'");
  await field.db.query('delete from satchel.mutations where mutation_id = $1', [
    request.mutations[0]!.mutationId,
  ]);
  const task = async () => (await field.db.query("select id from tasks where id = 't9'")).rows;
  const path = `/v1/batches/${request.batchId}/replay`;
  const dry = await ask(person('boss', 'citizen'), path, { dryRun: true });
  expect(dry.json).toMatchObject({
    answers: [{ outcome: { outcome: 'rejected', problem: { code: 'op_denied' } } }],
  });
  expect(await task()).toEqual([]);
  // What was received was received: an administrator may bring it in.
  const wet = await ask(ADMIN, path, {});
  expect(wet.json).toMatchObject({ answers: [{ outcome: { outcome: 'applied' } }] });
  expect(await task()).toEqual([{ id: 't9' }]);
  await before.close();
});

describe('who sees what', () => {
  it('[ROLE-05] citizens their own, officers their ward without what is the manager’s, managers all of it', async () => {
    await field.db.query(
      "insert into tasks (id, ward, title, cost) values ('t1', '7', 'Fill', '100'), ('t2', '8', 'Paint', '200')",
    );
    const seen = async (who: Person) => {
      const device = await field.device(who);
      await device.sync();
      const tasks = await device.db.all('select id, cost from tasks order by id');
      const profiles = await device.db.all('select id from profiles order by id');
      await device.close();
      return { tasks, profiles: profiles.map(({ id: key }) => key) };
    };
    expect(await seen(person('fay', 'citizen'))).toEqual({ tasks: [], profiles: [] });
    expect(await seen(OFFICER)).toEqual({
      tasks: [
        { id: 't1', cost: null },
        { id: 't9', cost: null },
      ],
      profiles: ['dan', 'eve'],
    });
    expect(await seen(MANAGER)).toEqual({
      tasks: [
        { id: 't1', cost: '100' },
        { id: 't9', cost: '' },
      ],
      profiles: ['dan', 'eve'],
    });
    expect(await seen(person('other', 'officer', '8'))).toEqual({
      tasks: [{ id: 't2', cost: null }],
      profiles: [],
    });
  });

  it('[ROLE-06] a conflict is seen and decided by its author’s deciders within their ward, and by administrators', async () => {
    const officer = await field.device(OFFICER);
    await officer.sync();
    officer.online(false);
    await field.db.query("update tasks set title = 'Fill it' where id = 't1'");
    await officer.db.write([{ sql: "update tasks set title = 'Filled' where id = 't1'" }]);
    await officer.sync();
    const list = async (who: Person) =>
      ((await ask(who, '/v1/conflicts?table=tasks')).json as { conflicts: Conflict[] }).conflicts;
    for (const who of [OFFICER, MANAGER, ADMIN]) expect(await list(who)).toHaveLength(1);
    for (const who of [EVE, person('other', 'manager', '8'), person('second', 'officer')])
      expect(await list(who)).toEqual([]);
    const [conflict] = await list(MANAGER);
    const path = `/v1/conflicts/${conflict!.conflictId}/resolve`;
    expect((await ask(OFFICER, path, { decision: 'accept-client' })).code).toBe('not_administrator');
    expect((await ask(person('other', 'manager', '8'), path, { decision: 'accept-client' })).code).toBe(
      'conflict_unknown',
    );
    expect((await ask(MANAGER, path, { decision: 'accept-client' })).status).toBe(200);
    await officer.close();
  });

  it('[ROLE-07] what the documents let administrators see, nobody else sees', async () => {
    for (const path of ['/v1/clients', '/v1/items', '/v1/batches', '/v1/figures', '/v1/alerts']) {
      for (const who of [EVE, OFFICER, MANAGER, person('s', 'support')])
        expect([path, (await ask(who, path)).code]).toEqual([path, 'not_administrator']);
      expect([path, (await ask(ADMIN, path)).status]).toEqual([path, 200]);
    }
  });
});
