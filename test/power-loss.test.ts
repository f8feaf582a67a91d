import type { Random } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import { recordCounted } from '@satchel/simulation';
import { seededRandom } from '@satchel/testing/random';
import { beforeAll, expect, test } from 'vitest';
import { OPFS_PRAGMAS } from '../packages/client/src/platform/browser/opfs-driver.ts';
import { loadSqlite, type SqliteWasm } from '../packages/client/src/platform/browser/sqlite-wasm.ts';
import { installStorage } from '../packages/client/src/platform/browser/storage-vfs.ts';
import { openWasm } from '../packages/client/src/platform/browser/wasm-driver.ts';
import {
  customer,
  insertCustomer,
  type Opened,
  opened,
  rows,
  scope,
} from '../packages/client/test/engine-fixture.ts';
import { PowerDisk } from './power/power-disk.ts';

/*
 * The power goes, at any operation of the storage. The engine is the real one, on SQLite
 * with the journal that it has on every platform; beneath it lies a disk that keeps what
 * was synced and forgets or reorders the rest. SQLite for WebAssembly lets JavaScript be
 * its storage, so it is the build that browsers run.
 */

const LONG = process.env.SATCHEL_LONG !== undefined;
const CUTS = Number(process.env.SATCHEL_CUTS ?? (LONG ? 10_000 : 120));
const SEED = Number(process.env.SATCHEL_SEED ?? 1);
/** Cuts in the life of one disk; then the next is empty again. */
const CUTS_OF_A_DISK = 12;
/** Checkpoints come often here: a page is copied into the database every few writes. */
const PRAGMAS = `${OPFS_PRAGMAS} pragma wal_autocheckpoint = 12;`;

const VFS = 'satchel-power';
let disk = new PowerDisk();
let sqlite: SqliteWasm;
beforeAll(async () => {
  sqlite = await loadSqlite();
  // The disk that is in the machine now.
  installStorage(sqlite, VFS, {
    sectorBytes: disk.sectorBytes,
    open: (name) => disk.open(name),
    has: (name) => disk.has(name),
    remove: (name, synced) => disk.remove(name, synced),
  });
});

/** An engine on the disk. With `normal` commits, what was told may be lost: so it must not be for the test to pass. */
const openOn = (durability: 'full' | 'normal'): Opened =>
  opened({
    driver: openWasm(sqlite, { file: '/db', vfs: VFS, durability: 'full', pragmas: PRAGMAS }),
    durability,
  });

interface Counted {
  told: number;
  lost: number;
  /** Writes under way when the power went. */
  untold: number;
  pages: number;
  operations: number;
}

/** One device: what its user was told, and one power cut after the other. */
class Life {
  readonly #random: Random;
  readonly #durability: 'full' | 'normal';
  readonly #counted: Counted;
  /** What the user was told is saved: the row of each mutation, and the name that each row was last given. */
  readonly #saved = new Map<string, string>();
  readonly #names = new Map<string, string>();
  /** The row that a write was on when the power went, and its name if it came through. */
  #torn: readonly [key: string, name: string] | undefined;
  #made = 0;

  constructor(random: Random, durability: 'full' | 'normal', counted: Counted) {
    this.#random = random;
    this.#durability = durability;
    this.#counted = counted;
  }

  /** Works until the power goes, turns it on again and looks. */
  cut(): void {
    const before = disk.operations;
    // In the opening, in a write, in a page, in a checkpoint.
    disk.cutAt(this.#random.next() < 0.15 ? this.#between(1, 60) : this.#between(1, 400));
    let world: Opened | undefined;
    withoutPower(() => {
      world = openOn(this.#durability);
      while (!disk.isOut) this.#act(world);
    });
    withoutPower(() => world?.engine.close());
    this.#counted.operations += disk.operations - before;
    disk.restart(this.#random, [0, 0, 0.5, 0.9, 1][this.#between(0, 4)]!);
    const again = openOn(this.#durability);
    this.#look(again);
    again.engine.close();
  }

  #act(world: Opened): void {
    if (this.#random.next() < 0.25) this.#takePage(world);
    else this.#write(world);
  }

  #write(world: Opened): void {
    const keys = [...this.#names.keys()];
    const isNew = keys.length === 0 || this.#random.next() < 0.4;
    const key = isNew ? `k${++this.#made}` : keys[this.#between(0, keys.length - 1)]!;
    const name = `n${++this.#made}${'x'.repeat(this.#between(0, 1_500))}`;
    this.#torn = [key, name];
    const mutationId = isNew
      ? world.write(insertCustomer, key, name)
      : world.write('update customers set name = ? where id = ?', name, key);
    // The promise resolves here: the power did not go before.
    this.#torn = undefined;
    this.#saved.set(mutationId!, key);
    this.#names.set(key, name);
    this.#counted.told += 1;
  }

  #takePage({ engine, clock }: Opened): void {
    this.#counted.pages += 1;
    const cursor = `cursor-${this.#counted.pages}`;
    engine.takePage([
      {
        line: 'head',
        from: engine.cursor().digest,
        epoch: 'first',
        serverTime: clock.now(),
        schemaVersion: 1,
        offer: false,
        mode: 'delta',
      },
      scope('store:1', 'backfill'),
      rows('store:1', 'customers', ['paged', this.#counted.pages, customer(cursor)]),
      { line: 'tail', cursor, checkpoint: true, more: false },
    ]);
  }

  #look({ engine, driver }: Opened): void {
    expect(driver.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    // A page's rows and its cursor are of one transaction.
    const paged = engine.all("select name from customers where id = 'paged'")[0]?.name;
    expect(paged ?? null).toBe(engine.cursor().token);
    const shown = new Map(
      engine
        .all("select id, name from customers where id <> 'paged'")
        .map(({ id, name }) => [String(id), String(name)]),
    );
    for (const key of shown.keys()) expect(this.#names.has(key) || this.#torn?.[0] === key).toBe(true);
    const [torn, came] = this.#torn ?? [];
    for (const [key, name] of this.#names)
      if (shown.get(key) !== name && !(key === torn && shown.get(key) === came)) this.#counted.lost += 1;
    for (const mutationId of [...this.#saved.keys()]) {
      if (engine.outbox({ mutationId }).length === 1) continue;
      this.#counted.lost += 1;
      this.#saved.delete(mutationId);
    }
    // What the screen shows is what the user knows from now on.
    if (this.#torn) this.#counted.untold += 1;
    this.#torn = undefined;
    this.#names.clear();
    for (const [key, name] of shown) this.#names.set(key, name);
  }

  #between(from: number, to: number): number {
    return from + Math.floor(this.#random.next() * (to - from + 1));
  }
}

/** Errors are what is expected of a storage that has no power any more. */
const withoutPower = (work: () => void): void => {
  try {
    work();
  } catch (error) {
    if (!(error instanceof SatchelError) || !disk.isOut) throw error;
  }
};

const cutPower = (cuts: number, durability: 'full' | 'normal'): Counted => {
  const random = seededRandom(SEED);
  const counted: Counted = { told: 0, lost: 0, untold: 0, pages: 0, operations: 0 };
  let life = new Life(random, durability, counted);
  for (let cut = 0; cut < cuts; cut += 1) {
    if (cut % CUTS_OF_A_DISK === 0) {
      disk = new PowerDisk();
      life = new Life(random, durability, counted);
    }
    life.cut();
  }
  return counted;
};

test(`[DRV-14] ${CUTS} times the power goes: what was told is there, what was not is whole or not at all`, async () => {
  const { told, lost, untold, pages, operations } = cutPower(CUTS, 'full');
  console.log(
    `[DRV-14] seed ${SEED}: ${CUTS} cuts within ${operations} operations of the storage; ${told} writes told, ` +
      `${lost} of them lost, ${untold} were under way, ${pages} pages; no database damaged`,
  );
  expect(lost).toBe(0);
  expect(told).toBeGreaterThan(CUTS);
  expect(untold).toBeGreaterThan(CUTS / 10);
  await recordCounted('power', `SATCHEL_CUTS=${CUTS} npx vitest run test/power-loss.test.ts`, {
    cuts: CUTS,
    told,
    lost,
    damaged: 0,
  });
}, 3_600_000);

test('[DRV-14] without FULL commits writes are lost by it, and no database is damaged', () => {
  expect(cutPower(40, 'normal').lost).toBeGreaterThan(0);
});
