import { runEngineWorker } from '@satchel/client/browser-worker';
import app from './field-app.ts';

runEngineWorker(app);
