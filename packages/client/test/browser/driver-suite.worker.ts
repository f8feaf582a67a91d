import { driverContract } from '@satchel/testing/driver-contract';
import { runSuites } from '@satchel/testing/suite-in-page';
import { listOpfs, openOpfs, removeOpfs } from '../../src/platform/browser/opfs-driver.ts';

driverContract('SQLite in a worker on OPFS', () => ({
  factory: { open: openOpfs, list: listOpfs, remove: removeOpfs },
  clean: async () => {
    for (const name of await listOpfs('')) await removeOpfs(name);
  },
}));

postMessage(await runSuites());
