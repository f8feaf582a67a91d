import { type Clock, type Random, UuidV7Source } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { lastStamp } from '../device/identity.ts';
import type { EngineContext } from '../engine-context.ts';
import { returnLeft } from '../outbox/return-left.ts';
import { forgetFormer } from '../pages/erased.ts';
import { SqliteEngine } from '../sqlite-engine.ts';
import { prepareAppTables } from './app-tables.ts';
import type { Driver } from './driver.ts';
import { localTables } from './local-table.ts';
import { readMeta, readMetaText, writeMeta } from './meta.ts';
import { STORE_FORMAT, STORE_TABLES } from './tables.ts';
import { inTransaction } from './transaction.ts';

export interface OpenEngine {
  readonly app: App;
  /** An open database, of this app, server and user alone. */
  readonly driver: Driver;
  readonly userId: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Of local writes. Default `full`: a told write survives the loss of power. */
  readonly durability?: 'full' | 'normal';
}

/**
 * Opens the engine over a database: makes or evolves its tables, lifts what is queued
 * to the app's schema, puts capture back where it is missing, starts a new run.
 *
 * Errors: `trigger_unknown`, `database_ahead` (it was written by a newer app or a newer
 * Satchel), `client_of_other_user`.
 *
 * @example
 * ```ts
 * const driver = betterSqlite3Driver({ directory }).open(name);
 * const engine = openEngine({ app, driver, userId: 'ana', clock, random });
 * engine.write([{ sql: 'insert into notes (id, text) values (?, ?)', parameters: [id, 'rain'] }]);
 * ```
 */
export const openEngine = (options: OpenEngine): SqliteEngine => {
  const { app, driver: db, userId, clock, random } = options;
  // Without it REPLACE deletes rows unseen; it holds per connection (rule 58).
  db.exec('pragma recursive_triggers = on');
  if (db.prepare('pragma recursive_triggers').get()?.recursive_triggers !== 1) {
    throw new SatchelError('storage_unavailable', { detail: 'recursive_triggers' });
  }
  const ids = new UuidV7Source(clock, random);
  const tables = localTables(app);
  const context: EngineContext = {
    app,
    db,
    clock,
    random,
    ids,
    tables,
    sqlNames: new Set([...tables.values()].map(({ sqlName }) => sqlName)),
    userId,
    durability: options.durability ?? 'full',
    now: {
      clientId: '',
      runId: ids.next(),
      seq: 0,
      hlc: { millis: 0, counter: 0, nodeId: '' },
      holds: new Map(),
      open: false,
      silent: false,
      collectedAt: null,
    },
  };
  prepareStore(context);
  return new SqliteEngine(context);
};

const prepareStore = (context: EngineContext): void => {
  const { app, db, ids, now, userId } = context;
  // Not within the transaction below, which needs them.
  db.exec(STORE_TABLES);
  inTransaction(context, 'full', () => {
    const format = readMeta(db, 'format');
    if (format !== undefined && format !== STORE_FORMAT) {
      throw new SatchelError('database_ahead', { what: `format ${JSON.stringify(format)}` });
    }
    const user = readMeta(db, 'user');
    if (user !== undefined && user !== userId) {
      throw new SatchelError('client_of_other_user', { clientId: readMetaText(db, 'client') ?? '' });
    }
    now.clientId = readMetaText(db, 'client') ?? ids.next();
    writeMeta(db, 'format', STORE_FORMAT);
    writeMeta(db, 'app', app.name);
    writeMeta(db, 'user', userId);
    writeMeta(db, 'client', now.clientId);
    returnLeft(db);
    // What the server holds is asked for again: it answers the same, or says what became of it.
    db.prepare(
      'update satchel_outbox set held_until = null, next_at = null where held_until is not null',
    ).run();
    forgetFormer(context);
    // A lane that the app no longer has goes with the last one.
    const lanes = app.lanes.map(() => '?').join(',');
    db.prepare(`update satchel_outbox set lane = ? where state <> 'settled' and lane not in (${lanes})`).run([
      app.lanes.at(-1) ?? '',
      ...app.lanes,
    ]);
    now.hlc = lastStamp(context);
    prepareAppTables(context);
  });
};
