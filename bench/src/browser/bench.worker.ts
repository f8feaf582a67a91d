import { runEngineWorker } from '@satchel/client/browser-worker';
import { benchApp } from '../bench-app.ts';

runEngineWorker(benchApp);
