import { SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { Facts, HttpParts } from './http-parts.ts';

/** Who asks. Without a good token the address is counted, so that guessing gets nowhere. */
export const identify = async (request: Request, facts: Facts, parts: HttpParts): Promise<Principal> => {
  try {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    if (token === undefined) throw new SatchelError('auth_missing');
    const principal = await parts.authenticate(token);
    await parts.rate.principal(principal.id);
    return principal;
  } catch (error) {
    if (error instanceof SatchelError && error.status === 401) await parts.rate.address(facts.address);
    throw error;
  }
};
