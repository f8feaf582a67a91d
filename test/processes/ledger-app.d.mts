import type { App } from '@satchel/schema';

/** The app of the tests that kill processes and send twice: what is counted can be added up. */
declare const app: App;
export default app;
