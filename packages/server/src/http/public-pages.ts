import { SatchelError } from '@satchel/protocol';
import type { Context, Hono } from 'hono';
import type { Gauges } from '../operate/gauges.ts';
import { createDocs } from './docs.ts';
import type { HttpEnv, HttpParts } from './http-parts.ts';
import { isMetricsToken, type Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import type { Operations } from './operations.ts';
import { DOCS_CSP } from './security-headers.ts';

/** Milliseconds for which one answer of `/readyz` stands: a flood of probes asks the database no more often. */
const READY_FOR = 1_000;

/** The routes that need no token: health, readiness, the document and its page; and `/metrics`, which has its own. */
export const servePublicPages = (app: Hono<HttpEnv>, parts: HttpParts): void => {
  app.get('/healthz', (c) => {
    c.get('facts').route = '/healthz';
    return Response.json({ ok: true });
  });

  const ready = readiness(parts);
  app.get('/readyz', async (c) => {
    c.get('facts').route = '/readyz';
    await ready();
    return Response.json({ ready: true });
  });

  let document: string | undefined;
  app.get('/openapi.json', async (c) => {
    await countAddress(c, parts, '/openapi.json');
    document ??= JSON.stringify(openApiDocument(parts.dialects?.routes));
    return new Response(document, { headers: { 'content-type': 'application/json' } });
  });

  const docs = createDocs();
  const page = async (c: Context<HttpEnv>, name: string): Promise<Response> => {
    await countAddress(c, parts, '/docs');
    const file = await docs(name);
    if (file === undefined) throw new SatchelError('not_found');
    return new Response(file.content, {
      headers: { 'content-type': file.type, 'content-security-policy': DOCS_CSP },
    });
  };
  app.get('/docs', (c) => page(c, ''));
  app.get('/docs/:name', (c) => page(c, c.req.param('name')));

  const { metricsToken } = parts;
  if (metricsToken !== undefined)
    app.get('/metrics', async (c) => {
      c.get('facts').route = '/metrics';
      if (!isMetricsToken(c.req.header('authorization') ?? null, metricsToken)) {
        await parts.rate.address(c.get('facts').address);
        throw new SatchelError('auth_invalid');
      }
      return await metricsAnswer(parts);
    });
};

/** What figures are made of. */
export interface MetricsParts {
  readonly operations: Pick<Operations, 'gauges'>;
  readonly metrics: Metrics;
}

/** The figures as an answer; a database that is away shows as `satchel_database_up 0`, not as a failed scrape. */
export const metricsAnswer = async (parts: MetricsParts): Promise<Response> => {
  let gauges: Gauges | null = null;
  try {
    gauges = await parts.operations.gauges();
  } catch {
    gauges = null;
  }
  return new Response(await parts.metrics.text(gauges), {
    headers: { 'content-type': parts.metrics.contentType },
  });
};

const countAddress = async (c: Context<HttpEnv>, parts: HttpParts, route: string): Promise<void> => {
  const facts = c.get('facts');
  facts.route = route;
  await parts.rate.address(facts.address);
};

const readiness = (parts: HttpParts): (() => Promise<void>) => {
  let asked: { readonly at: number; readonly answer: Promise<void> } | undefined;
  return async () => {
    const now = parts.clock.now();
    if (asked === undefined || Math.abs(now - asked.at) > READY_FOR)
      asked = { at: now, answer: parts.operations.ready() };
    await asked.answer;
  };
};
