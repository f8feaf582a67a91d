import type { Route } from './route.ts';
import { batchRoutes } from './routes/batches.ts';
import { clientRoutes } from './routes/clients.ts';
import { conflictRoutes } from './routes/conflicts.ts';
import { historyRoutes } from './routes/history.ts';
import { reportRoutes } from './routes/reports.ts';
import { syncRoutes } from './routes/sync.ts';

/** Every route of the native protocol; the live socket and the public pages stand beside them. */
export const ROUTES: readonly Route[] = [
  ...syncRoutes,
  ...conflictRoutes,
  ...clientRoutes,
  ...batchRoutes,
  ...historyRoutes,
  ...reportRoutes,
];
