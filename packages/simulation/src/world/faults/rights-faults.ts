import type { Device } from '../device.ts';
import type { Draw } from '../draw.ts';
import { ended } from '../ended.ts';
import { principalOf } from '../tokens.ts';
import type { World } from '../world.ts';
import { syncSoon } from './app-process.ts';
import { type FaultAction, SECOND } from './fault-action.ts';

/** Rows move to another scope, or a user loses a right and gets it again. Counts when something really went. */
export const takeRights = (world: World, device: Device, draw: Draw, action: FaultAction): void => {
  const user = device.user.id;
  const gone = (rows: number): void => {
    if (rows > 0) world.fire('F35', user, `${rows} rows or rights`);
  };
  const what = draw.pick(['move', 'region', 'store', 'store'] as const);
  if (what === 'move') {
    world.writers.edit('move', 0, false, action.draw, gone);
    return;
  }
  world.writers.rights(user, 'revoke', what, action.draw, gone);
  world.timeline.after(action.ms, () => world.writers.rights(user, 'grant', what, action.draw), 'grant');
};

/** The device's token is no longer taken for a while, or an administrator locks it out. */
export const lockOut = (world: World, device: Device, draw: Draw, ms: number): void => {
  if (draw.chance(0.5)) {
    expireToken(world, device, ms);
    return;
  }
  const clientId = device.satchel?.clientId;
  const server = world.servers.find(({ isServing }) => isServing);
  if (!clientId || !server?.node || device.revoked) return;
  device.revoked = true;
  setRevoked(world, device, clientId, true);
  world.pending.push({
    at: world.timeline.now() + ms,
    run: () => setRevoked(world, device, clientId, false),
  });
};

const expireToken = (world: World, device: Device, ms: number): void => {
  const from = world.history.length;
  device.tokenExpired = true;
  // The live connection goes on with the token that it began with.
  device.setOnline(true);
  world.network.cutOpen(device);
  syncSoon(world, device);
  world.timeline.after(
    Math.max(ms, 5 * SECOND),
    () => {
      const isRefused = world.history
        .slice(from)
        .some(
          (event) =>
            event.kind === 'status' && event.client === device.name && event.shown.needsAuth !== null,
        );
      if (isRefused) world.fire('F36', device.name, 'token expired');
      device.tokenExpired = false;
      device.satchel?.sync.renewed().catch(ended(world));
    },
    'token',
  );
};

const ADMIN = principalOf({ sub: 'admin', roles: ['admin'], exp: 9e9 });

/** An administrator locks a client out, or lets it in again; tried until a server does it. */
export const setRevoked = (world: World, device: Device, clientId: string, isRevoked: boolean): void => {
  const operations = world.servers.find(({ isServing }) => isServing)?.node?.operations;
  const done = (): void => {
    if (isRevoked) world.fire('F36', device.name, 'locked out');
    world.emit({ kind: 'client-revoked', client: device.name, revoked: isRevoked });
    if (isRevoked) return;
    device.revoked = false;
    device.satchel?.sync.renewed().catch(ended(world));
  };
  const again = (error?: unknown): void => {
    if (isUnknownClient(error)) done();
    else world.timeline.after(2 * SECOND, () => setRevoked(world, device, clientId, isRevoked), 'revoke');
  };
  if (!operations) {
    again();
    return;
  }
  (isRevoked
    ? operations.revokeClient(ADMIN, clientId, undefined)
    : operations.restoreClient(ADMIN, clientId)
  ).then(done, again);
};

/** It never came to the server, or the backup that was put back does not know it. */
const isUnknownClient = (error: unknown): boolean =>
  (error as { code?: unknown } | undefined)?.code === 'client_unknown';
