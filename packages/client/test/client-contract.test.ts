import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientContract, type PlatformUnderTest } from '@satchel/testing/client-contract';
import { type NodePlatformOptions, nodePlatform } from '../src/node.ts';

const inFolder =
  (options: Omit<NodePlatformOptions, 'directory'> = {}) =>
  (): PlatformUnderTest => {
    const directory = mkdtempSync(join(tmpdir(), 'satchel-contract-'));
    return {
      platform: nodePlatform({ directory, ...options }),
      clean: () => rmSync(directory, { recursive: true, force: true }),
    };
  };

clientContract('engine beside the app', inFolder());

// A worker starts from built files: `npm test` builds them first.
clientContract(
  'engine in a worker thread',
  inFolder({
    worker: {
      definition: new URL('../../testing/dist/contract-app.js', import.meta.url),
      execArgv: [],
      script: new URL('../dist/platform/node/engine-worker.js', import.meta.url),
    },
  }),
);
