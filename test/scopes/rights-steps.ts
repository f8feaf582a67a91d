import type { Random } from '@satchel/core';
import type { Queryable } from '@satchel/server';
import type { Markers } from './markers.ts';

export const REGIONS = ['north', 'south', 'east', 'west', 'delta'] as const;
export const ROLES = ['advisers', 'inspectors', 'relief'] as const;

/** What the steps draw from. */
export interface Draw {
  readonly random: Random;
  readonly marks: Markers;
  readonly users: readonly string[];
}

export const pick = <T>(random: Random, from: readonly T[]): T | undefined =>
  from[Math.floor(random.next() * from.length)];
export const chance = (random: Random, share: number): boolean => random.next() < share;

const keys = async (db: Queryable, table: string): Promise<string[]> =>
  (await db.query<{ id: string }>(`select id from ${table} order by id`)).rows.map(({ id }) => id);

const someKey = async ({ random }: Draw, db: Queryable, table: string): Promise<string | undefined> =>
  pick(random, await keys(db, table));

/** One thing that an administrator, or any other program, does with plain SQL. */
export type Step = (draw: Draw, tx: Queryable) => Promise<void>;

const one = <T>({ random }: Draw, from: readonly T[]): T => pick(random, from)!;

const grant: Step = async (draw, tx) => {
  await tx.query('insert into grants values ($1, $2) on conflict do nothing', [
    one(draw, draw.users),
    one(draw, REGIONS),
  ]);
};
const revoke: Step = async (draw, tx) => {
  await tx.query(
    'delete from grants where ctid = (select ctid from grants order by md5(user_id || region || $1) limit 1)',
    [draw.marks.key()],
  );
};
const giveRole: Step = async (draw, tx) => {
  await tx.query('insert into user_roles values ($1, $2) on conflict do nothing', [
    one(draw, draw.users),
    one(draw, ROLES),
  ]);
};
const takeRole: Step = async (draw, tx) => {
  await tx.query('delete from user_roles where user_id = $1 and role = $2', [
    one(draw, draw.users),
    one(draw, ROLES),
  ]);
};
/** The role is gone with all that it gave, to all who had it. */
const deleteRole: Step = async (draw, tx) => {
  const role = one(draw, ROLES);
  await tx.query('delete from role_regions where role = $1', [role]);
  await tx.query('delete from user_roles where role = $1', [role]);
};
const widenRole: Step = async (draw, tx) => {
  await tx.query('insert into role_regions values ($1, $2) on conflict do nothing', [
    one(draw, ROLES),
    one(draw, REGIONS),
  ]);
};
const addAgent: Step = async (draw, tx) => {
  const farm = await someKey(draw, tx, 'farms');
  if (farm)
    await tx.query('insert into farm_agents values ($1, $2) on conflict do nothing', [
      farm,
      one(draw, draw.users),
    ]);
};
const removeAgent: Step = async (draw, tx) => {
  await tx.query(
    'delete from farm_agents where ctid = (select ctid from farm_agents order by md5(farm_id || agent_id || $1) limit 1)',
    [draw.marks.key()],
  );
};
/** Its visits and samples go along. */
const moveFarm: Step = async (draw, tx) => {
  const region = chance(draw.random, 0.1) ? null : one(draw, REGIONS);
  await tx.query('update farms set region = $2 where id = $1', [await someKey(draw, tx, 'farms'), region]);
};
const moveRegion: Step = async (draw, tx) => {
  await tx.query('update farms set region = $2 where region = $1 and md5(id || $3) < $4', [
    one(draw, REGIONS),
    one(draw, REGIONS),
    draw.marks.key(),
    '4',
  ]);
};
const moveVisit: Step = async (draw, tx) => {
  await tx.query('update visits set farm_id = coalesce($2, farm_id) where id = $1', [
    await someKey(draw, tx, 'visits'),
    await someKey(draw, tx, 'farms'),
  ]);
};
const moveSample: Step = async (draw, tx) => {
  await tx.query('update samples set visit_id = coalesce($2, visit_id) where id = $1', [
    await someKey(draw, tx, 'samples'),
    await someKey(draw, tx, 'visits'),
  ]);
};
const insertFarm: Step = async (draw, tx) => {
  const { marks } = draw;
  const farm = marks.key();
  await tx.query('insert into farms (id, region, name, secret, calls) values ($1, $2, $3, $4, 0)', [
    farm,
    one(draw, REGIONS),
    marks.value(),
    marks.value(),
  ]);
  const visit = marks.key();
  await tx.query('insert into visits (id, farm_id, note, finding) values ($1, $2, $3, $4)', [
    visit,
    farm,
    marks.value(),
    marks.value(),
  ]);
  await tx.query('insert into samples (id, visit_id, reading) values ($1, $2, $3)', [
    marks.key(),
    visit,
    marks.value(),
  ]);
};
const insertVisit: Step = async (draw, tx) => {
  const farm = await someKey(draw, tx, 'farms');
  if (!farm) return;
  await tx.query('insert into visits (id, farm_id, note, finding) values ($1, $2, $3, $4)', [
    draw.marks.key(),
    farm,
    draw.marks.value(),
    draw.marks.value(),
  ]);
};
const insertSample: Step = async (draw, tx) => {
  const visit = await someKey(draw, tx, 'visits');
  if (!visit) return;
  await tx.query('insert into samples (id, visit_id, reading) values ($1, $2, $3)', [
    draw.marks.key(),
    visit,
    draw.marks.value(),
  ]);
};
const insertLedger: Step = async (draw, tx) => {
  await tx.query('insert into ledgers (id, region, amount) values ($1, $2, $3)', [
    draw.marks.key(),
    one(draw, REGIONS),
    draw.marks.value(),
  ]);
};
const updateRow: Step = async (draw, tx) => {
  const [table, column] = one(draw, [
    ['farms', 'name'],
    ['farms', 'secret'],
    ['visits', 'note'],
    ['visits', 'finding'],
    ['samples', 'reading'],
    ['ledgers', 'amount'],
  ] as const);
  await tx.query(`update ${table} set ${column} = $2 where id = $1`, [
    await someKey(draw, tx, table),
    draw.marks.value(),
  ]);
};
const deleteRow: Step = async (draw, tx) => {
  const table = one(draw, ['farms', 'visits', 'samples', 'samples', 'ledgers'] as const);
  const key = await someKey(draw, tx, table);
  if (table === 'farms') await tx.query('delete from farm_agents where farm_id = $1', [key]);
  await tx.query(`delete from ${table} where id = $1`, [key]);
};

/** The row leaves and comes back under the same key, in one transaction or another. */
const bringBack: Step = async (draw, tx) => {
  const key = await someKey(draw, tx, 'samples');
  const { rows } = await tx.query<{ visit_id: string }>(
    'delete from samples where id = $1 returning visit_id',
    [key],
  );
  if (rows[0])
    await tx.query('insert into samples (id, visit_id, reading) values ($1, $2, $3)', [
      key,
      rows[0].visit_id,
      draw.marks.value(),
    ]);
};

const revokeAndGrant: Step = async (draw, tx) => {
  const user = one(draw, draw.users);
  const region = one(draw, REGIONS);
  await tx.query('delete from grants where user_id = $1 and region = $2', [user, region]);
  await tx.query('insert into grants values ($1, $2)', [user, region]);
};

/** A row in two scopes, then one of them is taken away. */
const twoScopesThenOne: Step = async (draw, tx) => {
  const user = one(draw, draw.users);
  const { rows } = await tx.query<{ id: string; region: string }>(
    `select f.id, f.region from farms f join grants g on g.region = f.region and g.user_id = $1 order by md5(f.id || $2) limit 1`,
    [user, draw.marks.key()],
  );
  if (!rows[0]) return;
  const { id, region } = rows[0];
  const { rowCount } = await tx.query('delete from farm_agents where farm_id = $1 and agent_id = $2', [
    id,
    user,
  ]);
  if (rowCount === 0) await tx.query('insert into farm_agents values ($1, $2)', [id, user]);
  else await tx.query('delete from grants where user_id = $1 and region = $2', [user, region]);
};

export const STEPS: Readonly<Record<string, { readonly run: Step; readonly weight: number }>> = {
  grant: { run: grant, weight: 8 },
  revoke: { run: revoke, weight: 6 },
  giveRole: { run: giveRole, weight: 4 },
  takeRole: { run: takeRole, weight: 3 },
  deleteRole: { run: deleteRole, weight: 2 },
  widenRole: { run: widenRole, weight: 4 },
  addAgent: { run: addAgent, weight: 8 },
  removeAgent: { run: removeAgent, weight: 5 },
  moveFarm: { run: moveFarm, weight: 8 },
  moveRegion: { run: moveRegion, weight: 3 },
  moveVisit: { run: moveVisit, weight: 6 },
  moveSample: { run: moveSample, weight: 5 },
  insertFarm: { run: insertFarm, weight: 5 },
  insertVisit: { run: insertVisit, weight: 4 },
  insertSample: { run: insertSample, weight: 4 },
  insertLedger: { run: insertLedger, weight: 4 },
  updateRow: { run: updateRow, weight: 10 },
  deleteRow: { run: deleteRow, weight: 6 },
  bringBack: { run: bringBack, weight: 2 },
  revokeAndGrant: { run: revokeAndGrant, weight: 4 },
  twoScopesThenOne: { run: twoScopesThenOne, weight: 5 },
};

export const drawStep = (random: Random): string => {
  const names = Object.keys(STEPS);
  const total = names.reduce((sum, name) => sum + STEPS[name]!.weight, 0);
  let at = random.next() * total;
  for (const name of names) {
    at -= STEPS[name]!.weight;
    if (at < 0) return name;
  }
  return names[0]!;
};
