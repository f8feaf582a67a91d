import { SatchelError } from '@satchel/protocol';
import { isAdministrator, type Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { clientIdOf } from './derived-ids.ts';

/** A device as a dialect knows it: by the name that it gives itself. */
export interface Device {
  readonly deviceId: string;
  readonly clientId: string;
}

export const deviceNamed = (deviceId: string): Device => ({ deviceId, clientId: clientIdOf(deviceId) });

/** The device of requests that name none: each user has one. */
export const deviceOfUser = (principal: Principal): Device => deviceNamed(`user:${principal.id}`);

/** @throws `client_of_other_user` where somebody else uses the device */
export const checkSender = async (
  ctx: ServerContext,
  principal: Principal,
  { clientId }: Device,
): Promise<void> => {
  const { rows } = await ctx.db.query<{ principal: string }>(
    'select principal from satchel.clients where client_id = $1',
    [clientId],
    'clients_owner',
  );
  const owner = rows[0];
  if (owner !== undefined && owner.principal !== principal.id)
    throw new SatchelError('client_of_other_user', { clientId });
};

/** As `checkSender`, for those who only look: administrators may look at every device. */
export const checkOwnDevice = async (
  ctx: ServerContext,
  principal: Principal,
  device: Device,
): Promise<void> => {
  if (!isAdministrator(ctx.app, principal)) await checkSender(ctx, principal, device);
};

/** Who a device is on a network that lets nobody else in. */
export const principalOfDevice = (ctx: ServerContext, deviceId: string): Principal => {
  const { userId = deviceId, roles = [], claims = {} } = ctx.app.http.deviceUser(deviceId);
  return {
    id: `device|${encodeURIComponent(deviceId)}`,
    userId,
    roles,
    channel: 'mobile',
    claims,
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
};
