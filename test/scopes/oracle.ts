import type { Satchel } from '@satchel/client';
import type { Database } from '@satchel/server';

/** Rows by table, each as the text of its values; the first value is the key. */
export type Holdings = Readonly<Record<string, readonly string[]>>;

/**
 * What a user may hold, in plain SQL over tables of rights and data: it shares nothing
 * with the engine. `$1`: the user, `$2`: the roles in the token.
 */
const ALLOWED = `
with regions as (
  select region from grants where user_id = $1
  union select r.region from role_regions r join user_roles u using (role) where u.user_id = $1
), farm as (
  select * from farms f
  where f.region in (select region from regions)
     or exists (select from farm_agents a where a.farm_id = f.id and a.agent_id = $1)
), visit as (
  select v.* from visits v where v.farm_id in (select id from farm)
), sample as (
  select s.* from samples s where s.visit_id in (select id from visit)
)
select
  (select coalesce(json_agg(json_build_array(id, region, name, case when 'lead' = any($2) then secret end, calls)
     order by id collate "C"), '[]') from farm) as farms,
  (select coalesce(json_agg(json_build_array(id, farm_id, note,
     case when $2::text[] && array['lead', 'auditor'] then finding end) order by id collate "C"), '[]') from visit) as visits,
  (select coalesce(json_agg(json_build_array(id, visit_id, reading) order by id collate "C"), '[]') from sample) as samples,
  (select coalesce(json_agg(json_build_array(id, region, amount) order by id collate "C"), '[]') from ledgers
   where region in (select region from regions) and $2::text[] && array['lead', 'auditor']) as ledgers`;

const HELD: Readonly<Record<string, string>> = {
  farms: 'select id, region, name, secret, calls from farms order by id',
  visits: 'select id, farm_id, note, finding from visits order by id',
  samples: 'select id, visit_id, reading from samples order by id',
  ledgers: 'select id, region, amount from ledgers order by id',
};

export const allowedTo = async (db: Database, user: string, roles: readonly string[]): Promise<Holdings> => {
  const { rows } = await db.query<Record<string, unknown[][]>>(ALLOWED, [user, [...roles]]);
  return Object.fromEntries(
    Object.entries(rows[0]!).map(([name, list]) => [name, list.map((row) => JSON.stringify(row))]),
  );
};

export const heldBy = async (db: Satchel): Promise<Holdings> => {
  const held: Record<string, string[]> = {};
  for (const [name, text] of Object.entries(HELD))
    held[name] = (await db.all(text)).map((row) => JSON.stringify(Object.values(row)));
  return held;
};

/** What one has and the other has not. */
export const differences = (allowed: Holdings, held: Holdings): string[] =>
  Object.keys(allowed).flatMap((name) => {
    const there = new Set(allowed[name]);
    const here = new Set(held[name]);
    return [
      ...[...there].filter((row) => !here.has(row)).map((row) => `${name}: lacks ${row}`),
      ...[...here].filter((row) => !there.has(row)).map((row) => `${name}: should not hold ${row}`),
    ];
  });
