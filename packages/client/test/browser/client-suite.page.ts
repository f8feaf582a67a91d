import { clientContract } from '@satchel/testing/client-contract';
import { runSuites } from '@satchel/testing/suite-in-page';
import { type BrowserPlatformOptions, browserPlatform } from '../../src/browser.ts';

const worker = (): Worker => new Worker(new URL('./contract.worker.ts', import.meta.url), { type: 'module' });

const suiteOn = (name: string, storages?: BrowserPlatformOptions['storages']): void =>
  clientContract(name, () => {
    const platform = browserPlatform({ worker, ...(storages ? { storages } : {}) });
    return {
      platform,
      clean: async () => {
        for (const name of await platform.databases('')) await platform.remove(name);
      },
    };
  });

suiteOn('engine in a worker, on OPFS');
suiteOn('engine in a worker, mirrored to IndexedDB', ['indexeddb', 'memory']);

Object.assign(globalThis, { suiteResults: runSuites });
