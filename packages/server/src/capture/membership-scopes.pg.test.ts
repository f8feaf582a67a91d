import { defineApp, id, membership, ref, table, text, via } from '@satchel/schema';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CapturedDatabase, capturedDatabase } from '../../test/capture/captured-database.ts';
import { type Connection, connect } from '../../test/capture/connection.ts';
import { testContext } from '../../test/capture/test-context.ts';
import { runMoved } from './moved-keys.ts';
import { verifyEntries } from './verify-entries.ts';

const app = defineApp({
  name: 'farms',
  tables: {
    farms: table(
      { id: id(), name: text() },
      {
        scope: [
          membership({ table: 'farmAgents', column: 'farmId', scope: 'agent:{agentId}' }),
          membership({ table: 'inspections', column: 'farmId', scope: 'inspector:{who}', plain: true }),
        ],
      },
    ),
    farmAgents: table(
      { id: id(), farmId: ref('farms', { onDelete: 'cascade' }), agentId: text(), role: text() },
      { scope: 'agents' },
    ),
    plots: table({ id: id(), farmId: ref('farms', { onDelete: 'cascade' }) }, { scope: via('farmId') }),
  },
  scopesOf: () => [],
});

describe('scopes from membership tables', () => {
  let database: CapturedDatabase;
  let a: Connection;
  let b: Connection;
  const present = async () =>
    (await database.entries()).filter((entry) => !/ (deleted|left)$|^agents /.test(entry));
  const verified = async () => (await verifyEntries(database.db, app, database.tableIds)).differences;

  beforeAll(async () => {
    database = await capturedDatabase(app, ['create table public.inspections (farm_id text, who text)']);
  });
  beforeEach(async () => {
    a = await connect(database.url);
    b = await connect(database.url);
    await a.run('truncate farms, farm_agents, plots, inspections');
    await a.run('truncate satchel.entries, satchel.registry, satchel.moved');
    await a.run(`insert into farms values ('f1', 'x'), ('f2', 'x')`);
    await a.run(`insert into plots values ('p1', 'f1')`);
  });
  afterEach(async () => {
    await a.close();
    await b.close();
  });
  afterAll(() => database.drop());

  it('[CAP-20] rows that name a row put it, and what hangs on it, in their scopes', async () => {
    expect(await present()).toEqual([]);
    await a.run(`insert into farm_agents values ('m1', 'f1', 'ann', 'x'), ('m2', 'f1', 'bob', 'x')`);
    await a.run(
      `insert into inspections values ('f1', 'ann'), ('f2', 'zoe'), ('none', 'zoe'), (null, 'zoe')`,
    );
    expect(await present()).toEqual([
      'agent:ann farms f1',
      'agent:ann plots p1',
      'agent:bob farms f1',
      'agent:bob plots p1',
      'inspector:ann farms f1',
      'inspector:ann plots p1',
      'inspector:zoe farms f2',
    ]);
    await a.run(`update farm_agents set farm_id = 'f2' where id = 'm1'`);
    await a.run(`delete from farm_agents where id = 'm2'`);
    await a.run('truncate inspections');
    expect(await present()).toEqual(['agent:ann farms f2']);
    expect(await verified()).toEqual([]);
  });

  it('[CAP-21] a membership row that changes without effect on scopes touches nothing', async () => {
    await a.run(`insert into farm_agents values ('m1', 'f1', 'ann', 'x')`);
    const versions = () =>
      a.run(`select key, version from satchel.entries where scope = 'agent:ann' order by key`);
    const before = await versions();
    await a.run(`update farm_agents set role = 'y'`);
    expect(await versions()).toEqual(before);
  });

  it('[CAP-22] one grant goes while the same comes by another row: the scope stays, in both orders', async () => {
    await a.run(`insert into farm_agents values ('m1', 'f1', 'ann', 'x')`);
    await a.run('begin');
    await a.run(`insert into inspections values ('f1', 'x')`);
    await a.run(`insert into farm_agents values ('m2', 'f1', 'ann', 'x')`);
    const revoke = await b.runUntilBlocked(`delete from farm_agents where id = 'm1'`);
    await a.run('commit');
    await revoke.done;
    expect(await present()).toContain('agent:ann farms f1');
    await b.run('begin');
    await b.run(`delete from farm_agents where id = 'm2'`);
    const grant = await a.runUntilBlocked(`insert into farm_agents values ('m3', 'f1', 'ann', 'x')`);
    await b.run('commit');
    await grant.done;
    expect(await present()).toContain('agent:ann farms f1');
    expect(await verified()).toEqual([]);
  });

  it('[CAP-22] a row that is written while its grant goes does not keep the scope', async () => {
    await a.run(`insert into farm_agents values ('m1', 'f1', 'ann', 'x')`);
    await b.run('begin');
    await b.run(`delete from farm_agents where id = 'm1'`);
    const edit = await a.runUntilBlocked(`update farms set name = 'y' where id = 'f1'`);
    await b.run('commit');
    await edit.done;
    expect(await present()).toEqual([]);
  });

  it('[CAP-22] a row and the plain row that names it, made at the same moment, find each other', async () => {
    await a.run('begin');
    await a.run(`insert into farms values ('f3', 'x')`);
    const grant = await b.runUntilBlocked(`insert into inspections values ('f3', 'zoe')`);
    await a.run('commit');
    await grant.done;
    expect(await present()).toEqual(['inspector:zoe farms f3']);
  });

  it('[CAP-13] a grant above READ COMMITTED is looked at again by the worker', async () => {
    await b.run('begin isolation level repeatable read');
    await b.run('select 1 from farms');
    await a.run(`insert into farms values ('f4', 'x')`);
    await b.run(`insert into inspections values ('f4', 'zoe')`).then(
      () => b.run('commit'),
      () => b.run("rollback; insert into inspections values ('f4', 'zoe')"),
    );
    await runMoved(testContext(database.db, app, database.tableIds));
    expect(await present()).toEqual(['inspector:zoe farms f4']);
  });
});
