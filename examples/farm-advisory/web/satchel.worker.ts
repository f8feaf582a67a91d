import { runEngineWorker } from '@satchel/client/browser-worker';
import app from '@satchel-examples/farm-advisory/app';

runEngineWorker(app);
