import { runEngineWorker } from '../../src/browser-worker.ts';
import app from './device-app.ts';
import { installVirtualTime } from './virtual-worker-time.ts';

/**
 * What a browser may refuse, by words in the worker's name: the interfaces themselves
 * answer as they do there, and the client meets them where it always does.
 */
const refused = (globalThis as unknown as { readonly name: string }).name.split(' ');
const denied = (): Promise<never> => Promise.reject(new DOMException('refused', 'SecurityError'));
if (refused.includes('no-opfs')) StorageManager.prototype.getDirectory = denied;
if (refused.includes('silent-opfs'))
  StorageManager.prototype.getDirectory = () => new Promise<never>(() => undefined);
if (refused.includes('no-indexeddb'))
  IDBFactory.prototype.open = () => {
    throw new DOMException('refused', 'SecurityError');
  };
if (refused.includes('small-quota'))
  // Chromium tells ten gigabytes whatever there is; other browsers tell less.
  StorageManager.prototype.estimate = async () => ({ usage: 19_000_000, quota: 20_000_000 });

// A word such as `time=1700000000000`: time stands there, and moves when the page says so.
const time = refused.find((word) => word.startsWith('time='));
if (time !== undefined) installVirtualTime(Number(time.slice('time='.length)));

runEngineWorker(app);
