import { SatchelError } from '@satchel/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, type HttpFixture, pullBody, pushBody, startHttp, uuid } from '../../test/http-fixture.ts';
import { systemScheduler } from '../system.ts';
import { createMetrics } from './metrics.ts';
import { listenForMetrics } from './metrics-listener.ts';

let http: HttpFixture | undefined;
afterEach(async () => {
  await http?.close();
  http = undefined;
});

describe('pages without a token', () => {
  it('[HTTP-17] /healthz says that the process lives, /readyz that the database answers', async () => {
    let down = false;
    let asked = 0;
    http = await startHttp({
      ready: async () => {
        asked += 1;
        if (down) throw new SatchelError('database_unavailable');
      },
    });
    const plain = { token: null };
    expect((await http.ask('/healthz', plain)).json).toEqual({ ok: true });
    expect((await http.ask('/readyz', plain)).json).toEqual({ ready: true });
    down = true;
    expect((await http.ask('/readyz', plain)).status).toBe(200);
    expect(asked).toBe(1);
    http.clock.time += 2_000;
    const answer = await http.ask('/readyz', plain);
    expect([answer.status, answer.code]).toEqual([503, 'database_unavailable']);
    expect((await http.ask('/healthz', plain)).status).toBe(200);
  });

  it('[HTTP-18] the page at /docs loads nothing from elsewhere and runs nothing inline', async () => {
    http = await startHttp();
    const plain = { token: null };
    const page = await http.ask('/docs', plain);
    expect(page.headers['content-type']).toContain('text/html');
    const csp = page.headers['content-security-policy'] ?? '';
    expect(csp).toContain("script-src 'self'");
    expect(csp).not.toContain('unsafe');
    const linked = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
    expect(linked.length).toBe(4);
    expect(page.text).not.toMatch(/https?:|\/\/|<script>|style=|onload=/);
    for (const path of linked) {
      const file = await http.ask(path, plain);
      expect([path, file.status]).toEqual([path, 200]);
      expect(file.bytes.byteLength).toBeGreaterThan(50);
      if (path.endsWith('.css')) expect(file.text).not.toMatch(/@import|url\(\s*["']?(?!["']?data:)/);
    }
    expect((await http.ask('/docs/page.js', plain)).text).toContain('validatorUrl: null');
  });

  it('[HTTP-19] /metrics is not there without a token set, and asks for it with one', async () => {
    http = await startHttp();
    expect((await http.ask('/metrics', { token: null })).status).toBe(404);
    expect((await http.ask('/metrics')).status).toBe(404);
    await http.close();
    http = await startHttp(
      {
        push: async (_principal, request) => ({
          batchId: request.batchId,
          serverTime: 0,
          epoch: 'e',
          answers: [
            { kind: 'outcome', outcome: { mutationId: uuid(100), outcome: 'merged', changes: [] } },
            {
              kind: 'outcome',
              outcome: { mutationId: uuid(101), outcome: 'merged', repeat: true, changes: [] },
            },
          ],
        }),
        pull: async () => ({ kind: 'unchanged' }),
      },
      { metricsToken: 'operator' },
    );
    for (const token of [null, 'guess', await http.token({ roles: ['admin'] })]) {
      const answer = await http.ask('/metrics', { token });
      expect([answer.status, answer.code]).toEqual([401, 'auth_invalid']);
    }
    await http.ask('/v1/push', { body: pushBody(2) });
    await http.ask('/v1/pull', { body: pullBody() });
    await http.ask('/v1/history/products/secret-key');
    await http.ask('/secret-path');
    const answer = await http.ask('/metrics', { token: 'operator' });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(
      'satchel_http_requests_total{route="/v1/push",method="POST",status="200"} 1',
    );
    expect(answer.text).toContain(
      'satchel_http_requests_total{route="/v1/pull",method="POST",status="304"} 1',
    );
    expect(answer.text).toContain('satchel_mutations_total{answer="merged"} 1');
    expect(answer.text).toContain('satchel_mutations_total{answer="repeat"} 1');
    expect(answer.text).toContain('satchel_conflicts_open 3');
    expect(answer.text).toContain('satchel_errors_total{code="auth_invalid"} 3');
    expect(answer.text).not.toContain('secret');
  });

  it('[HTTP-19] a listener of its own serves the figures without a token, and nothing else', async () => {
    const listening = await listenForMetrics(
      {
        metrics: createMetrics(),
        operations: {
          gauges: async () => {
            throw new SatchelError('database_unavailable');
          },
        },
      },
      { host: '127.0.0.1', port: 0 },
      systemScheduler,
    );
    const figures = await ask(`${listening.url}/metrics`, null, {});
    expect([figures.status, figures.text.includes('satchel_database_up 0')]).toEqual([200, true]);
    expect((await ask(`${listening.url}/v1/status`, null, {})).code).toBe('not_found');
    await listening.close(0);
  });

  it('[HTTP-19] a database that is away is a figure, not a failed scrape', async () => {
    http = await startHttp(
      {
        gauges: async () => {
          throw new SatchelError('database_unavailable');
        },
      },
      { metricsToken: 'operator' },
    );
    const answer = await http.ask('/metrics', { token: 'operator' });
    expect([answer.status, answer.text.includes('satchel_database_up 0')]).toEqual([200, true]);
  });
});
