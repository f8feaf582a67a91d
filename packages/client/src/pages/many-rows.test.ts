import type { PageLine, RowsLine } from '@satchel/protocol';
import { describe, expect, it } from 'vitest';
import { customer, gone, insertCustomer, opened, rows, scope } from '../../test/engine-fixture.ts';

type World = ReturnType<typeof opened>;
type Present = Parameters<typeof rows>[2];

/** So many that the page takes the triggers off, and no multiple of the rows of a statement. */
const MANY = 1_217;

const list = (of: (at: number) => Present): Present[] => Array.from({ length: MANY }, (_, at) => of(at));
const key = (at: number) => `k${String((at * 7_919) % MANY).padStart(5, '0')}`;

/** The lines as pages of so few rows that each is laid down by itself. */
const inSmall = (world: World, lines: readonly PageLine[], mode: 'delta' | 'backfill'): void => {
  for (const line of lines) {
    if (line.line !== 'rows') {
      world.page([line], { mode, checkpoint: false, more: true });
      continue;
    }
    for (let from = 0; from < line.keys.length; from += 100)
      world.page([partOf(line, from)], { mode, checkpoint: false, more: true });
  }
};

const partOf = (line: RowsLine, from: number): RowsLine => ({
  ...line,
  keys: line.keys.slice(from, from + 100),
  versions: line.versions.slice(from, from + 100),
  columns: Object.fromEntries(
    Object.entries(line.columns).map(([name, values]) => [name, values.slice(from, from + 100)]),
  ),
});

const TABLES = [
  'customers',
  'products',
  'audited',
  'routes',
  'satchel_changes',
  'satchel_base',
  'satchel_holds',
  'satchel_scopes',
  'satchel_unsure',
  'satchel_erased',
];

const everything = ({ driver }: World) =>
  TABLES.map((name) => [name, driver.prepare(`select * from ${name} order by 1, 2`).all()]);
const triggers = ({ driver }: World) =>
  driver
    .prepare("select name, tbl_name, sql from sqlite_schema where type = 'trigger' order by tbl_name, rowid")
    .all();
const changes = (world: World) => world.changes().map((mutation) => mutation.map((change) => change.key));

describe('pages: many rows', () => {
  it('[PAGE-33] a large page leaves what small ones of the same rows leave, whatever is in their way', () => {
    const worlds = [opened(), opened()] as const;
    for (const world of worlds) {
      world.page([
        scope('store:1', 'backfill'),
        scope('store:2', 'backfill'),
        rows('store:1', 'customers', [key(3), 50, customer('newer')], [key(700), 5, customer('same')]),
        rows('store:2', 'customers', [key(8), 1, customer('of another')], [key(1_200), 90, customer('both')]),
        rows('store:1', 'products', ['old', 1, { storeId: '1', sku: `sku ${key(9)}`, price: '1' }]),
      ]);
      world.write("update customers set phone = '1' where id = ?", key(700));
      world.write(insertCustomer, key(800), 'made here');
      world.write('delete from customers where id = ?', key(8));
    }
    const page: PageLine[] = [
      rows('store:1', 'customers', ...list((at) => [key(at), 5 + (at % 3), customer(`name ${at}`)])),
      rows(
        'store:1',
        'products',
        ...list((at) => [key(at), 7, { storeId: '1', sku: `sku ${key(at)}`, price: '2' }]),
      ),
      rows('all', 'audited', ...list((at) => [key(at), 7, { n: at, doubled: 1 }])),
      rows(
        'store:1',
        'routes',
        ...list((at): Present => [JSON.stringify([key(at), 'end']), 7, { storeId: '1', km: at }]),
      ),
      gone('store:1', 'customers', [key(4), 60, 'deleted']),
    ];
    const [large, small] = worlds;
    const before = triggers(large);
    for (const mode of ['backfill', 'delta'] as const) {
      large.page(page, { mode, checkpoint: false, more: true });
      inSmall(small, page, mode);
      expect(everything(large)).toEqual(everything(small));
      expect(triggers(large)).toEqual(before);
    }
    expect(large.row('select count(*) as n from customers')?.n).toBe(MANY - 2);
    expect(large.row('select name from customers where id = ?', key(3))?.name).toBe('newer');
    expect(large.row('select name, phone from customers where id = ?', key(700))).toMatchObject({
      phone: '1',
    });
    expect(large.row('select sum(doubled) as d from audited')?.d).toBe(MANY);
    expect(changes(large)).toEqual(changes(small));
  });

  it('[PAGE-33] capture and the app’s triggers are back with the page, and after one that was not taken in', () => {
    const world = opened();
    const before = triggers(world);
    const many = rows('all', 'audited', ...list((at) => [key(at), 7, { n: at, doubled: 0 }]));
    const broken = rows('store:1', 'routes', ['not a key of two parts', 9, { storeId: '1', km: 1 }]);
    expect(() => world.page([scope('all', 'backfill'), many, broken])).toThrow(
      expect.objectContaining({ code: 'key_invalid' }),
    );
    expect(triggers(world)).toEqual(before);
    expect(world.row('select count(*) as n from audited')?.n).toBe(0);
    world.write("insert into audited (id, n) values ('mine', 4)");
    world.page([scope('all', 'backfill'), many]);
    expect(triggers(world)).toEqual(before);
    world.write("insert into audited (id, n) values ('other', 5)");
    world.write('update audited set n = 6 where id = ?', key(1));
    expect(
      world.engine.all("select id, doubled from audited where id in ('mine', 'other') order by id"),
    ).toEqual([
      { id: 'mine', doubled: 8 },
      { id: 'other', doubled: 10 },
    ]);
    expect(changes(world)).toEqual([['mine'], ['other'], [key(1)]]);
  });
});
