import { runEngineWorker } from '@satchel/client/browser-worker';
import app from '@satchel-examples/shop/app';

runEngineWorker(app);
