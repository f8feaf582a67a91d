import contractApp from '@satchel/testing/contract-app';
import { runEngineWorker } from '../../src/browser-worker.ts';

runEngineWorker(contractApp);
