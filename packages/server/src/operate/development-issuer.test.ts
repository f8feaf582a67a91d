import { describe, expect, it } from 'vitest';
import { openAuth } from '../http/auth.ts';
import { systemRandom } from '../system.ts';
import { developmentIssuer } from './development-issuer.ts';

const clock = { now: () => 1_764_000_000_000 };

describe('the development issuer', () => {
  it('[OPS-05] makes tokens that a server with its settings believes', async () => {
    const issuer = developmentIssuer({ clock, random: systemRandom, environment: {} });
    const token = await issuer.issue({
      userId: 'ana',
      roles: ['clerk'],
      channel: 'agent',
      claims: { storeId: 's1' },
    });
    const principal = await (await openAuth(issuer.auth, clock))(token);
    expect(principal).toMatchObject({
      userId: 'ana',
      roles: ['clerk'],
      channel: 'agent',
      claims: { storeId: 's1' },
    });
    const other = developmentIssuer({ clock, random: systemRandom, environment: {} });
    await expect((await openAuth(other.auth, clock))(token)).rejects.toMatchObject({ code: 'auth_invalid' });
  });

  it('[OPS-05] refuses to exist in production', () => {
    expect(() =>
      developmentIssuer({ clock, random: systemRandom, environment: { NODE_ENV: 'production' } }),
    ).toThrow(expect.objectContaining({ code: 'production_refused' }));
  });
});
