import { driverContract } from '@satchel/testing/driver-contract';
import { runSuites } from '@satchel/testing/suite-in-page';
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
