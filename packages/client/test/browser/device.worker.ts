import { runEngineWorker } from '../../src/browser-worker.ts';
import app from './device-app.ts';

runEngineWorker(app);
