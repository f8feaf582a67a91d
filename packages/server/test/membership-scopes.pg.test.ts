import { encodeScopeValue } from '@satchel/core';
import type { ScopesOf } from '@satchel/schema';
import { boolean, defineApp, id, membershipScopes, table, text } from '@satchel/schema';
import type { Queryable } from '@satchel/server/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CapturedDatabase, capturedDatabase } from './capture/captured-database.ts';

const defineMembers = (options: { readonly adopt?: string; readonly plain?: string } = {}) =>
  defineApp({
    name: 'shop',
    tables: {
      storeMembers: table(
        { id: id(), storeId: text({ nullable: true }), userId: text(), night: boolean({ default: false }) },
        { scope: 'user:{userId}', ...(options.adopt === undefined ? {} : { adopt: options.adopt }) },
      ),
    },
    scopesOf:
      options.plain === undefined
        ? membershipScopes({ table: 'storeMembers', user: 'userId', scope: 'store:{storeId}:{night}' })
        : membershipScopes({ table: options.plain, user: 'userId', scope: 'agent:{storeId}', plain: true }),
  });

const scopes = async (db: Queryable, scopesOf: ScopesOf, userId: string): Promise<unknown[]> => {
  if (scopesOf.kind !== 'sql') throw new Error('not SQL');
  const { rows } = await db.query<{ scope: string | null }>(scopesOf.text, [userId]);
  return rows.map(({ scope }) => scope).toSorted();
};

describe('membershipScopes', () => {
  let database: CapturedDatabase;
  beforeAll(async () => {
    database = await capturedDatabase(defineMembers());
  });
  afterAll(() => database.drop());

  it('[SCO-04] gives one scope a row, encoded as everywhere, and none for a null', async () => {
    const { db } = database;
    const hard = ['plain', 'a:b', '100 %', 'ÄÖ/ü', '日本', "it's!(*)", '🌍'];
    for (const [at, storeId] of hard.entries()) {
      await db.query(`insert into store_members values ($1, $2, 'u1', false)`, [`m${at}`, storeId]);
    }
    await db.query(`insert into store_members values ('n', null, 'u1', true), ('o', 'other', 'u2', true)`);
    expect(await scopes(db, defineMembers().scopesOf, 'u1')).toEqual(
      [...hard.map((value) => `store:${encodeScopeValue(value)}:false`), null].toSorted(),
    );
    expect(await scopes(db, defineMembers().scopesOf, 'u2')).toEqual(['store:other:true']);
  });

  it('[SCO-04] reads adopted and plain tables where they are', async () => {
    const { db } = database;
    await db.query(`create schema if not exists "Sales"`);
    await db.query(`create table "Sales".members as select * from store_members where user_id = 'u2'`);
    expect(await scopes(db, defineMembers({ adopt: 'Sales.members' }).scopesOf, 'u2')).toEqual([
      'store:other:true',
    ]);
    expect(await scopes(db, defineMembers({ plain: 'Sales.members' }).scopesOf, 'u2')).toEqual([
      'agent:other',
    ]);
  });
});
