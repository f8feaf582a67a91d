import { afterEach, describe, expect, it } from 'vitest';
import { ask, type HttpFixture, startHttp } from '../../test/http-fixture.ts';

let http: HttpFixture | undefined;
afterEach(async () => {
  await http?.close();
  http = undefined;
});

const gate = () => {
  let open: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
};

describe('a graceful stop', () => {
  it('[HTTP-20] running requests end well, new ones are server_stopping, then the port is free', async () => {
    const arrived = gate();
    const release = gate();
    http = await startHttp({
      listConflicts: async () => {
        arrived.open();
        await release.passed;
        return { conflicts: [] };
      },
    });
    const running = http.ask('/v1/conflicts');
    await arrived.passed;
    http.stopAccepting();
    const refused = await http.ask('/v1/conflicts');
    expect([refused.status, refused.code, refused.headers.connection]).toEqual([
      503,
      'server_stopping',
      'close',
    ]);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await http.ask('/healthz', { token: null })).status).toBe(200);
    const closed = http.close(30_000);
    release.open();
    expect((await running).status).toBe(200);
    await closed;
    await expect(ask(`${http.url}/healthz`, null, {})).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('[HTTP-20] what does not end in time is cut', async () => {
    const arrived = gate();
    http = await startHttp({
      listConflicts: () => {
        arrived.open();
        return new Promise(() => {});
      },
    });
    const running = http.ask('/v1/conflicts');
    const outcome = expect(running).rejects.toMatchObject({ code: 'ECONNRESET' });
    await arrived.passed;
    await http.close(20);
    await outcome;
  });
});
