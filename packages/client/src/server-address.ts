import { SatchelError } from '@satchel/protocol';

/**
 * Refuses what cannot be asked for anything, where the app names it: later it would look like a network that is away.
 *
 * @throws `config_invalid`
 */
export const checkServerAddress = (server: string): void => {
  if (URL.canParse(server) && /^https?:$/.test(new URL(server).protocol)) return;
  throw new SatchelError('config_invalid', {
    name: 'server',
    reason: `"${server}" is no address such as https://sync.example.org`,
  });
};
