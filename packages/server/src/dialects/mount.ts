import { unreachable } from '@satchel/protocol';
import type { Dialect } from '@satchel/schema';
import { actionsRoutes } from './actions/routes.ts';
import type { DialectRoute, DialectServer, MountedDialects } from './dialect-route.ts';
import { mobileRoutes } from './mobile/routes.ts';
import { tablesRoutes } from './tables/routes.ts';

export const routesOf = (dialect: Dialect): readonly DialectRoute[] => {
  switch (dialect) {
    case 'tables':
      return tablesRoutes;
    case 'actions':
      return actionsRoutes;
    case 'mobile':
      return mobileRoutes;
    default:
      return unreachable(dialect);
  }
};

/** The dialects that the app asks for, over the rooms of one server. */
export const mountDialects = (server: DialectServer): MountedDialects => ({
  server,
  routes: server.ctx.app.http.dialects.flatMap(routesOf),
});
