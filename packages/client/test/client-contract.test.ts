import { clientContract } from '@satchel/testing/client-contract';
import { nodePlatform } from '../src/node.ts';

clientContract('engine beside the app', (directory) => nodePlatform({ directory }));

// A worker starts from built files: `npm test` builds them first.
clientContract('engine in a worker thread', (directory) =>
  nodePlatform({
    directory,
    worker: {
      definition: new URL('../../testing/dist/contract-app.js', import.meta.url),
      execArgv: [],
      script: new URL('../dist/platform/node/engine-worker.js', import.meta.url),
    },
  }),
);
