export { buildFront } from './build-front.ts';
export { runDemonstration } from './run-demonstration.ts';
export { type FrontService, type People, startFront } from './start-front.ts';
