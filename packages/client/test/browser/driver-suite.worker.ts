import { driverContract } from '@satchel/testing/driver-contract';
import { runSuites } from '@satchel/testing/suite-in-page';
import { describe, expect, it } from 'vitest';
import {
  listMirrors,
  openMemory,
  openMirror,
  removeMirror,
} from '../../src/platform/browser/mirror-driver.ts';
import { listOpfs, openOpfs, removeOpfs } from '../../src/platform/browser/opfs-driver.ts';

driverContract('SQLite in a worker on OPFS', () => ({
  factory: { open: openOpfs, list: listOpfs, remove: removeOpfs },
  clean: async () => {
    for (const name of await listOpfs('')) await removeOpfs(name);
  },
}));

describe('SQLite in a worker on OPFS', () => {
  it('[BROWSER-08] keeps a write-ahead log that one connection holds', async () => {
    const db = await openOpfs('journal');
    expect(db.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(db.prepare('pragma locking_mode').get()).toEqual({ locking_mode: 'exclusive' });
    db.close();
    await removeOpfs('journal');
  });
});

driverContract('SQLite in a worker, mirrored to IndexedDB', () => ({
  factory: { open: openMirror, list: listMirrors, remove: removeMirror },
  clean: async () => {
    for (const name of await listMirrors('')) await removeMirror(name);
  },
}));

driverContract('SQLite in a worker, in memory', () => ({
  factory: { open: openMemory, list: () => [], remove: () => undefined },
  clean: () => undefined,
}));

postMessage(await runSuites());
