import { SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';

/** Addresses that stand for every network of the machine. */
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::', '0', '[::]', '*', '']);

/**
 * Where devices are believed what they call themselves, the server listens on one
 * address that somebody named: that of the network which lets nobody else in.
 *
 * @throws `config_invalid`
 */
export const checkPrivateNetwork = ({ http }: App, host: string | undefined): void => {
  if (http.auth !== 'private-network' || http.dialects.length === 0) return;
  if (host === undefined || EVERYWHERE.has(host))
    throw new SatchelError('config_invalid', {
      name: 'host',
      reason:
        'the app takes devices of a private network at their word (http.auth): name the one address of that network',
    });
};
