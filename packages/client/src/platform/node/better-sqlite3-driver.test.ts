import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { driverContract } from '@satchel/testing/driver-contract';
import { describe, expect, it } from 'vitest';
import { betterSqlite3Driver, openBetterSqlite3 } from './better-sqlite3-driver.ts';

const temporary = () => mkdtempSync(join(tmpdir(), 'satchel-driver-'));

driverContract('better-sqlite3 on files', () => {
  const directory = temporary();
  return {
    factory: betterSqlite3Driver({ directory }),
    clean: () => rmSync(directory, { recursive: true, force: true }),
  };
});

driverContract('better-sqlite3 in memory', () => ({
  factory: { open: () => openBetterSqlite3(':memory:'), list: () => [], remove: () => undefined },
  clean: () => undefined,
}));

describe('better-sqlite3 on files', () => {
  it('[DRV-10] another process is refused; kill -9 of the holder frees it, with what it had committed', async () => {
    const directory = temporary();
    const holder = spawn(process.execPath, [
      new URL('../../../test/hold-database.mjs', import.meta.url).pathname,
      join(directory, 'one.sqlite'),
    ]);
    try {
      await once(holder.stdout, 'data');
      const factory = betterSqlite3Driver({ directory });
      expect(() => factory.open('one')).toThrow(expect.objectContaining({ code: 'database_in_use' }));
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
      const db = factory.open('one');
      expect(db.prepare('select v from kept').all()).toEqual([{ v: 1 }]);
      expect(db.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
      db.close();
    } finally {
      holder.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('[DRV-11] a file that is no database is told by code', () => {
    const directory = temporary();
    writeFileSync(join(directory, 'broken.sqlite'), 'x'.repeat(10_000));
    expect(() => betterSqlite3Driver({ directory }).open('broken')).toThrow(
      expect.objectContaining({ code: 'database_corrupt' }),
    );
    rmSync(directory, { recursive: true, force: true });
  });

  it('[DRV-12] commits are as durable as was asked', () => {
    const db = openBetterSqlite3(':memory:');
    for (const [durability, synchronous] of [
      ['full', 2],
      ['normal', 1],
      ['normal', 1],
      ['full', 2],
    ] as const) {
      db.setDurability(durability);
      expect(db.prepare('pragma synchronous').get()).toEqual({ synchronous });
    }
    db.close();
  });
});
