import { testDatabase } from '@satchel/testing/postgres';
import { expect, it } from 'vitest';

/** Tables, columns, constraints, indexes and functions of schema satchel, a line each. */
const STRUCTURE = `
with lines(place, line) as (
  select format('1 %s %s', c.relname, to_char(a.attnum, '000')),
    format('column %s.%s %s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' end,
      case when l.collname = 'C' then ' collate C' end,
      coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), case when a.attidentity <> '' then ' identity' end))
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  left join pg_collation l on l.oid = a.attcollation
  where c.relnamespace = 'satchel'::regnamespace and c.relkind = 'r'
  union all
  select format('2 %s', c.conname), format('constraint %s on %s %s', c.conname, c.conrelid::regclass, pg_get_constraintdef(c.oid))
  from pg_constraint c
  where c.connamespace = 'satchel'::regnamespace and c.contype <> 'n'
  union all
  select format('3 %s', i.relname), pg_get_indexdef(i.oid)
  from pg_index x join pg_class i on i.oid = x.indexrelid
  where i.relnamespace = 'satchel'::regnamespace and not x.indisprimary
  union all
  select format('4 %s', p.proname), format('function %s(%s) returns %s %s', p.proname, pg_get_function_arguments(p.oid),
    pg_get_function_result(p.oid), md5(p.prosrc))
  from pg_proc p
  where p.pronamespace = 'satchel'::regnamespace
)
select line from lines order by place collate "C"`;

it('[PG-29] the migrations make the structure that is written down', async () => {
  const { db, drop } = await testDatabase();
  const { rows } = await db.query<{ line: string }>(STRUCTURE);
  await expect(`${rows.map(({ line }) => line).join('\n')}\n`).toMatchFileSnapshot(
    'migrations/structure.txt',
  );
  await drop();
});
