export { runEngineWorker } from './platform/browser/run-engine-worker.ts';
