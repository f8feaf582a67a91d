import { defineApp, id, sql, table, text } from '@satchel/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CapturedDatabase, capturedDatabase } from '../../test/capture/captured-database.ts';
import { connect } from '../../test/capture/connection.ts';
import { ACCESS_SCOPE, ACCESS_TABLE_ID } from './access-watch.ts';

const app = defineApp({
  name: 'shop',
  tables: {
    products: table({ id: id(), storeId: text() }, { scope: 'store:{storeId}' }),
    staff: table({ id: id(), userId: text(), storeId: text() }, { scope: 'user:{userId}' }),
  },
  scopesOf: sql(
    `select 'store:' || store_id from staff where user_id = $1
    union all select 'store:' || store from public.guests where name = $1`,
    { reads: ['staff', 'guests'] },
  ),
});

describe('changes of rights', () => {
  let database: CapturedDatabase;
  beforeAll(async () => {
    database = await capturedDatabase(app, ['create table public.guests (name text, store text)']);
  });
  afterAll(() => database.drop());
  const seen = async () =>
    (
      await database.db.query<{ xid: string; present: boolean }>(
        'select xid::text as xid, present from satchel.entries where scope = $1 and table_id = $2 order by xid::text::bigint',
        [ACCESS_SCOPE, ACCESS_TABLE_ID],
      )
    ).rows;

  it('[CAP-25] a transaction that touches what rights are read from leaves one entry, found by its xid', async () => {
    const a = await connect(database.url);
    try {
      await a.run(`insert into products values ('p1', 's1')`);
      expect(await seen()).toEqual([]);
      await a.run('begin');
      await a.run(`insert into staff values ('m1', 'ann', 's1')`);
      await a.run(`insert into guests values ('zoe', 's1')`);
      await a.run(`update staff set store_id = 's2'`);
      const [own] = await a.run('select pg_current_xact_id()::text as xid');
      await a.run('commit');
      expect(await seen()).toEqual([{ xid: own?.xid, present: false }]);
      await a.run('delete from guests where false');
      expect(await seen()).toHaveLength(1);
      await a.run('delete from guests');
      await a.run('truncate staff');
      expect(await seen()).toHaveLength(3);
    } finally {
      await a.close();
    }
  });

  it('[CAP-25] two that change rights at the same time do not wait for each other', async () => {
    const a = await connect(database.url);
    const b = await connect(database.url);
    try {
      const before = (await seen()).length;
      await a.run(`begin; insert into guests values ('a', 's1')`);
      await b.run(`set lock_timeout = '1s'; insert into guests values ('b', 's1')`);
      expect(await seen()).toHaveLength(before + 1);
      await a.run('commit');
      expect(await seen()).toHaveLength(before + 2);
    } finally {
      await a.close();
      await b.close();
    }
  });
});
