#!/usr/bin/env node
// node examples/load-seed.mjs shop: writes an example's seed data into the database of
// `satchel dev` (started from this folder), or into the one that DATABASE_URL names.
import { resolve } from 'node:path';
import { openDatabase, prepareDatabase, startEmbedded } from '@satchel/server';
import { loadRows } from '@satchel/testing/load-rows';

const [name] = process.argv.slice(2);
if (name === undefined) {
  console.error('Name the example: node examples/load-seed.mjs shop');
  process.exit(2);
}
const { default: app } = await import(`@satchel-examples/${name}/app`);
const { seed } = await import(`@satchel-examples/${name}/seed`);
const given = process.env.DATABASE_URL;
const postgres = given ? undefined : await startEmbedded({ dataDir: resolve('.satchel/postgres') });
const db = await openDatabase({ url: given ?? postgres?.url ?? '', applicationName: 'satchel-seed' });
try {
  await prepareDatabase(db, app, { change: true });
  console.log(`${await loadRows(db, app, seed)} rows are new in ${app.name}`);
} finally {
  await db.close();
  await postgres?.stop();
}
