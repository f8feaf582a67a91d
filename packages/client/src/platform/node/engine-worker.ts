import { parentPort, workerData } from 'node:worker_threads';
import { invariant, SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { openEngine } from '../../database/open-engine.ts';
import { hostEngine } from '../../engine-host.ts';
import type { Channel, EngineRequest } from '../../engine-message.ts';
import { betterSqlite3Driver } from './better-sqlite3-driver.ts';
import { systemClock, systemRandom } from './system.ts';

/** What the app's thread tells the engine's; definitions hold functions, so they are imported here. */
export interface EngineWorkerData {
  readonly definition: string;
  readonly directory: string;
  readonly name: string;
  readonly userId: string;
  readonly durability: 'full' | 'normal';
}

const port = parentPort;
invariant(port, 'the engine worker runs in a worker_thread');
const { definition, directory, name, userId, durability } = workerData as EngineWorkerData;

// Calls that come while the database opens wait in the port until a listener is there.
try {
  const { default: app } = (await import(definition)) as { default: App };
  const driver = await betterSqlite3Driver({ directory }).open(name);
  const engine = openEngine({ app, driver, userId, clock: systemClock, random: systemRandom, durability });
  const channel: Channel = {
    post: (message) => port.postMessage(message),
    onMessage: (heard) => {
      port.on('message', heard);
    },
    onGone: () => {},
  };
  hostEngine(
    engine,
    () => driver.flush(),
    channel,
    () => port.close(),
  );
} catch (error) {
  if (!(error instanceof SatchelError)) throw error;
  // Every call is answered by why the database did not open.
  port.on('message', (request: EngineRequest) =>
    port.postMessage({ id: request.id, kind: 'problem', problem: error.toProblem() }),
  );
}
