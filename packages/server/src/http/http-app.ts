import { SatchelError } from '@satchel/protocol';
import { type Context, Hono } from 'hono';
import { serveDialects } from '../dialects/serve-dialects.ts';
import { addressOf } from './address.ts';
import { corsHeaders, PREFLIGHT_HEADERS } from './cors.ts';
import { errorReply } from './error-answer.ts';
import { errorReport } from './error-report.ts';
import { handleRoute } from './handle-route.ts';
import type { Facts, HttpEnv, HttpParts } from './http-parts.ts';
import { identify } from './identify.ts';
import { servePublicPages } from './public-pages.ts';
import { answerOf } from './reply.ts';
import { requestIdOf } from './request-id.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** The whole HTTP interface but the live socket, as one function from request to answer. */
export const createHttpApp = (parts: HttpParts): Hono<HttpEnv> => {
  const app = new Hono<HttpEnv>();
  app.use('*', finish(parts), gate(parts));
  servePublicPages(app, parts);
  for (const route of ROUTES) app.on(route.method, honoPath(route.path), serveRoute(route, parts));
  serveDialects(app, parts);
  app.notFound((c) => {
    const methods = methodsAt(c.req.path);
    const error =
      methods.length === 0
        ? new SatchelError('not_found')
        : new SatchelError('method_not_allowed', { method: c.req.method });
    const answer = failed(c, error, parts);
    if (methods.length > 0) answer.headers.set('allow', methods.join(', '));
    return answer;
  });
  app.onError((error, c) => failed(c, error, parts));
  return app;
};

const honoPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1');

const serveRoute =
  (route: Route, parts: HttpParts) =>
  async (c: Context<HttpEnv>): Promise<Response> => {
    const facts = c.get('facts');
    facts.route = route.path;
    const principal = await identify(c.req.raw, facts, parts);
    facts.user = principal.userId;
    const handled = await handleRoute(
      route,
      {
        request: c.req.raw,
        principal,
        requestId: facts.requestId,
        address: facts.address,
        path: c.req.param() as Record<string, string>,
        query: c.req.queries(),
      },
      parts,
    );
    facts.received = handled.received;
    if (handled.clientId !== undefined) facts.clientId = handled.clientId;
    return answerOf(route, handled.reply, c.req.raw, {
      metrics: parts.metrics,
      broken: (error) => {
        parts.log.error(
          { requestId: facts.requestId, route: facts.route, error: errorReport(error) },
          'answer cut',
        );
        c.env.incoming?.socket.destroy();
      },
    });
  };

/** Opens the facts of a request, and closes them: headers, log line, figures. */
const finish = (parts: HttpParts) => async (c: Context<HttpEnv>, next: () => Promise<void>) => {
  const facts: Facts = {
    requestId: requestIdOf(c.req.header('x-request-id') ?? null, parts.random),
    address: addressOf(c.req.raw, c.env?.incoming, parts.trustedProxies),
    startedAt: parts.clock.now(),
    route: 'unmatched',
    received: 0,
  };
  c.set('facts', facts);
  await next();
  const { headers } = c.res;
  for (const [name, value] of Object.entries(SECURITY_HEADERS))
    if (!headers.has(name)) headers.set(name, value);
  headers.set('x-request-id', facts.requestId);
  const origin = c.req.header('origin');
  if (origin !== undefined && facts.code !== 'origin_denied')
    for (const [name, value] of Object.entries(corsHeaders(origin))) headers.append(name, value);
  if (parts.stopping()) headers.set('connection', 'close');

  const ms = Math.max(0, parts.clock.now() - facts.startedAt);
  const { route, received } = facts;
  parts.metrics.request({ route, method: c.req.method, status: c.res.status, seconds: ms / 1000, received });
  const { startedAt: _, ...told } = facts;
  parts.log.info({ ...told, method: c.req.method, status: c.res.status, ms }, 'request');
};

/** What is refused, or answered, before any route is looked at. */
const gate = (parts: HttpParts) => async (c: Context<HttpEnv>, next: () => Promise<void>) => {
  if (parts.stopping() && c.req.path !== '/healthz') throw new SatchelError('server_stopping');
  const origin = c.req.header('origin');
  if (origin !== undefined) {
    if (!parts.origins.allows(origin, c.req.header('host') ?? null)) throw new SatchelError('origin_denied');
    if (c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined) {
      c.get('facts').route = 'preflight';
      return new Response(null, { status: 204, headers: PREFLIGHT_HEADERS });
    }
  }
  await next();
  return undefined;
};

const failed = (c: Context<HttpEnv>, error: unknown, parts: HttpParts): Response => {
  const facts = c.get('facts');
  const reply = errorReply(error, facts.requestId);
  facts.code = reply.body.error.code;
  parts.metrics.failed(facts.code);
  if (reply.status >= 500 && facts.code !== 'server_stopping')
    parts.log.error(
      { requestId: facts.requestId, route: facts.route, code: facts.code, error: errorReport(error) },
      'request failed',
    );
  return Response.json(reply.body, { status: reply.status, headers: reply.headers });
};

const PATTERNS = ROUTES.map((route) => ({
  method: route.method,
  pattern: new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}$`),
}));

const methodsAt = (path: string): string[] => [
  ...new Set(PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
];
