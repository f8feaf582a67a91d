import { CONFLICT_RULES, type DocumentConflict, documentsOf } from '@satchel/client/documents';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Field, openField, type Person } from '../field/field.ts';
import { documentsApp } from './documents-app.ts';
import { heardBy } from './hooks.ts';

const MANAGER: Person = { userId: 'manager', roles: ['manager'], claims: { storeId: '1' } };
const STORE: Person = { userId: 'store', roles: ['staff'], claims: { storeId: '1' } };

let field: Field<typeof documentsApp>;
beforeAll(async () => {
  field = await openField(documentsApp);
});
afterAll(() => field.close());

const phone = async (person: Person) => {
  const device = await field.device(person);
  return { ...device, documents: documentsOf(device.db, heardBy(field.time).hooks) };
};
const rowOf = async (table: string, key: string) =>
  (await field.db.query<Record<string, unknown>>(`select * from ${table} where id = $1`, [key])).rows[0];

/** A form that the server has as `server`, and the device of a person wanted as `client`. */
const conflictOf = (
  table: string,
  key: string,
  client: DocumentConflict['client_data'],
  server: DocumentConflict['server_data'],
): DocumentConflict => ({ table, record_id: key, client_data: client, server_data: server });

describe('handleConflicts', () => {
  it('[DOC-60] S2-50, 51 forms keep the client’s version', async () => {
    const { db, documents, sync, close } = await phone(MANAGER);
    await db.write([{ sql: "insert into forms (id, store_id, title) values ('f1', '1', 'Old')" }]);
    await sync();
    await field.db.query("update forms set title = 'Server' where id = 'f1'");
    await documents.handleConflicts([conflictOf('forms', 'f1', { title: 'Manager' }, { title: 'Server' })]);
    expect(await rowOf('forms', 'f1')).toMatchObject({ title: 'Manager' });
    expect(await db.get("select title from forms where id = 'f1'")).toEqual({ title: 'Manager' });
    await close();
  });

  it('[DOC-61] S2-52 submissions: a later client is pushed again once, an earlier one takes the server’s', async () => {
    const { db, documents, sync, exchanges, close } = await phone(STORE);
    for (const key of ['later', 'earlier'])
      await db.write([
        {
          sql: "insert into submissions (id, store_id, form_id, status) values (?, '1', 'f1', 'in_progress')",
          parameters: [key],
        },
      ]);
    await sync();
    await field.db.query("update submissions set status = 'reviewed'");
    const pushes = () => exchanges.filter(({ path }) => path === '/v1/push').length;
    const before = pushes();
    const theirs = { status: 'reviewed', updated_at: '2025-12-18T10:45:00Z' };
    await documents.handleConflicts([
      conflictOf('submissions', 'later', { status: 'completed', updated_at: '2025-12-18T10:50:00Z' }, theirs),
      conflictOf(
        'submissions',
        'earlier',
        { status: 'completed', updated_at: '2025-12-18T10:40:00Z' },
        theirs,
      ),
    ]);
    expect(await rowOf('submissions', 'later')).toMatchObject({ status: 'completed' });
    expect(await rowOf('submissions', 'earlier')).toMatchObject({ status: 'reviewed' });
    expect(await db.all('select id, status from submissions order by id')).toEqual([
      { id: 'earlier', status: 'reviewed' },
      { id: 'later', status: 'completed' },
    ]);
    expect(pushes() - before).toBe(1);
    await close();
  });

  it('[DOC-62] S2-53 every other table takes the server’s version', async () => {
    const { db, documents, sync, close } = await phone(STORE);
    await db.write([
      { sql: "insert into products (id, store_id, name, price) values ('p1', '1', 'Rice', 50)" },
    ]);
    await sync();
    await field.db.query("update products set price = 55 where id = 'p1'");
    await documents.handleConflicts([conflictOf('products', 'p1', { price: 52 }, { price: 55 })]);
    expect(await rowOf('products', 'p1')).toMatchObject({ price: 55 });
    expect(await db.get("select price from products where id = 'p1'")).toEqual({ price: 55 });
    expect(CONFLICT_RULES.team).toBeUndefined();
    await close();
  });

  it('[DOC-63] an open conflict is settled by the rule, and a rule of the app’s own goes first', async () => {
    const one = await phone(STORE);
    const two = await phone({ ...STORE, userId: 'other' });
    await one.db.write([{ sql: "insert into reports (id, store_id, title) values ('r1', '1', 'Hole')" }]);
    await one.sync();
    await two.sync();
    await two.db.write([{ sql: "update reports set title = 'Server' where id = 'r1'" }]);
    await two.sync();
    await one.db.write([{ sql: "update reports set title = 'Mine' where id = 'r1'" }]);
    await one.sync();
    const conflict = conflictOf('reports', 'r1', { title: 'Mine' }, { title: 'Server' });
    await one.documents.handleConflicts([conflict], { reports: 'keep-client' });
    expect(await rowOf('reports', 'r1')).toMatchObject({ title: 'Mine' });
    const { rows } = await field.db.query('select state, decision from satchel.conflicts');
    expect(rows).toEqual([{ state: 'settled', decision: 'accept-client' }]);
    await one.close();
    await two.close();
  });

  it('[DOC-64] S2-50 the document’s own switch runs over the functions', async () => {
    const { documents, db, sync, close } = await phone(STORE);
    await db.write([
      { sql: "insert into submissions (id, store_id, form_id, status) values ('own', '1', 'f1', 'x')" },
    ]);
    await sync();
    const handle = new Function(
      'keepClientVersion',
      'retryPush',
      'acceptServerVersion',
      `return async function handleConflicts(conflicts) {
        for (const conflict of conflicts) {
          switch (conflict.table) {
            case 'forms':
              await keepClientVersion(conflict);
              break;
            case 'submissions':
              if (conflict.client_data.updated_at > conflict.server_data.updated_at) {
                await retryPush(conflict);
              } else {
                await acceptServerVersion(conflict);
              }
              break;
            default:
              await acceptServerVersion(conflict);
          }
        }
      }`,
    )(documents.keepClientVersion, documents.retryPush, documents.acceptServerVersion);
    await handle([
      conflictOf(
        'submissions',
        'own',
        { status: 'completed', updated_at: '2' },
        { status: 'x', updated_at: '1' },
      ),
    ]);
    expect(await rowOf('submissions', 'own')).toMatchObject({ status: 'completed' });
    await close();
  });
});
