import { testDatabase } from '@satchel/testing/postgres';
import { expect, it } from 'vitest';
import { openRateLimits } from './rate-limit.ts';

it('[HTTP-11] in PostgreSQL the count is one for all nodes', async () => {
  const { url, db, drop } = await testDatabase();
  const open = () => openRateLimits({ perPrincipal: 4, perAddress: 2, store: { kind: 'postgres', url } });
  const [one, two] = [await open(), await open()];
  await one.principal('ana');
  await two.principal('ana');
  await one.principal('ana');
  await two.principal('ana');
  for (const node of [one, two])
    await expect(node.principal('ana')).rejects.toMatchObject({
      code: 'rate_limited',
      params: { retryAfter: expect.any(Number) },
    });
  await two.principal('ben');
  await two.address('10.0.0.1');
  await one.address('10.0.0.1');
  await expect(two.address('10.0.0.1')).rejects.toMatchObject({ code: 'rate_limited' });
  const { rows } = await db.query<{ n: number }>('select count(*)::int as n from satchel.rate_limits');
  expect(rows[0]?.n).toBe(3);
  await one.close();
  await two.close();
  await drop();
});
