import type { Worker } from 'node:worker_threads';
import type { Channel } from '../../engine-message.ts';

/** The app's end of the channel to an engine in a `worker_thread`. */
export const workerChannel = (worker: Worker): Channel => ({
  post: (message) => worker.postMessage(message),
  onMessage: (heard) => {
    worker.on('message', heard);
  },
  onGone: (heard) => {
    worker.once('error', (error) => heard(String(error)));
    worker.once('exit', (code) => heard(`exit ${code}`));
  },
});
