import { invariant, SatchelError } from '@satchel/protocol';
import { isAdministrator, type Principal } from '@satchel/schema';
import type { Context, Hono } from 'hono';
import { readBody } from '../http/body.ts';
import { errorReply } from '../http/error-answer.ts';
import { errorReport } from '../http/error-report.ts';
import { onlyOnce, parseParameters } from '../http/handle-route.ts';
import type { HttpEnv, HttpParts } from '../http/http-parts.ts';
import { identify } from '../http/identify.ts';
import { parseJson, parseShape } from '../http/parse-request.ts';
import { jsonAnswer } from '../http/reply.ts';
import { isStorable } from '../http/storable.ts';
import { type Device, deviceNamed, principalOfDevice } from './device.ts';
import type { DialectReply, DialectRoute, MountedDialects } from './dialect-route.ts';
import { errorBody } from './error-shapes.ts';

/** Whoever asks a private network's server without naming a device. */
const NOBODY: Principal = {
  id: 'device|',
  userId: '',
  roles: [],
  channel: 'mobile',
  claims: {},
  expiresAt: Number.MAX_SAFE_INTEGER,
};

/** The longest name of a device, in characters. */
const MAX_DEVICE_ID = 128;

/** Mounts what the app asked for. Errors of these routes are in the shape of their dialect. */
export const serveDialects = (app: Hono<HttpEnv>, parts: HttpParts): void => {
  const { dialects } = parts;
  if (dialects === undefined) return;
  for (const [path, routes] of byPath(dialects.routes)) {
    const serve = (c: Context<HttpEnv>) => serveOne(c, routes, parts, dialects);
    app.all(path.replace(/\{(\w+)\}/g, ':$1'), serve);
  }
};

const byPath = (routes: readonly DialectRoute[]): ReadonlyMap<string, readonly DialectRoute[]> =>
  new Map(routes.map(({ path }) => [path, routes.filter((route) => route.path === path)]));

/** Two dialects share the path of the status: with a device it is asked in the one, without in the other. */
const chosen = (routes: readonly DialectRoute[], c: Context<HttpEnv>): DialectRoute => {
  const named = c.req.query('device_id') !== undefined;
  const fitting = routes.filter(({ method }) => method === c.req.method);
  const route =
    fitting.length > 1
      ? fitting.find(({ dialect }) => dialect === (named ? 'actions' : 'tables'))
      : fitting[0];
  const [first] = routes;
  invariant(first, 'a path has a route');
  return route ?? first;
};

const serveOne = async (
  c: Context<HttpEnv>,
  routes: readonly DialectRoute[],
  parts: HttpParts,
  dialects: MountedDialects,
): Promise<Response> => {
  const route = chosen(routes, c);
  const facts = c.get('facts');
  facts.route = route.path;
  try {
    if (c.req.method !== route.method) throw new SatchelError('method_not_allowed', { method: c.req.method });
    const reply = await handle(c, route, parts, dialects);
    if (reply.kind === 'unchanged')
      return new Response(null, { status: 304, headers: { etag: `"${reply.etag}"` } });
    const answer = jsonAnswer(
      JSON.stringify(reply.value),
      c.req.raw,
      {
        sent: (bytes) => parts.metrics.sent(route.path, bytes),
        broken: (error) => {
          parts.log.error({ requestId: facts.requestId, error: errorReport(error) }, 'answer cut');
          c.env.incoming?.socket.destroy();
        },
      },
      true,
    );
    if (reply.etag !== undefined) answer.headers.set('etag', `"${reply.etag}"`);
    return answer;
  } catch (error) {
    const { status, body, headers } = errorReply(error, facts.requestId);
    facts.code = body.error.code;
    parts.metrics.failed(facts.code);
    parts.log.error(
      {
        requestId: facts.requestId,
        route: facts.route,
        code: facts.code,
        ...(status >= 500 ? { error: errorReport(error) } : {}),
      },
      `Sync failed: ${facts.code}`,
    );
    const allow =
      status === 405 ? { allow: [...new Set(routes.map(({ method }) => method))].join(', ') } : {};
    return Response.json(errorBody(route.dialect, body, dialects.server.ctx.app, parts.clock.now()), {
      status,
      headers: { ...headers, ...allow },
    });
  }
};

const handle = async (
  c: Context<HttpEnv>,
  route: DialectRoute,
  parts: HttpParts,
  { server }: MountedDialects,
): Promise<DialectReply> => {
  const facts = c.get('facts');
  const request = c.req.raw;
  const isOpen = server.ctx.app.http.auth === 'private-network';
  const isNamed = isOpen && request.headers.get('authorization') === null;
  let principal: Principal | undefined;
  if (isNamed) await parts.rate.address(facts.address);
  else principal = await identify(request, facts, parts);

  const path = parseParameters(route.parameters, c.req.param() as Record<string, string>, 'path');
  const query = parseParameters(route.query, onlyOnce(c.req.queries(), route.query), 'query');
  const { body, raw, received } = await bodyOf(route, request, parts.limits.bodyBytes);
  facts.received = received;
  const device = deviceIn(route, body, query);
  if (principal === undefined && device === undefined && !route.anonymous)
    throw new SatchelError('request_invalid', { path: 'device_id', reason: 'is missing: it says who asks' });
  principal ??= device === undefined ? NOBODY : principalOfDevice(server.ctx, device.deviceId);
  facts.user = principal.userId;
  if (device !== undefined) {
    facts.clientId = device.clientId;
    const revoked = await server.operations.revokedAs(device.clientId);
    if (revoked !== null)
      throw new SatchelError('client_revoked', { clientId: device.clientId, action: revoked });
  }
  if (route.access === 'administrator' && !isAdministrator(parts, principal))
    throw new SatchelError('not_administrator');
  return await route.handle(server, {
    principal,
    device,
    body,
    raw,
    query,
    path: path as Readonly<Record<string, string>>,
    ifNoneMatch: request.headers.get('if-none-match'),
    requestId: facts.requestId,
    address: facts.address,
  });
};

const bodyOf = async (
  route: DialectRoute,
  request: Request,
  limit: number,
): Promise<{ body: unknown; raw: string; received: number }> => {
  if (route.body === undefined) return { body: undefined, raw: '', received: 0 };
  const { text, received } = await readBody(request, limit);
  return { body: parseShape<unknown>(route.body, parseJson(text)), raw: text, received };
};

const deviceIn = (
  route: DialectRoute,
  body: unknown,
  query: Readonly<Record<string, string | undefined>>,
): Device | undefined => {
  const deviceId = route.deviceOf(body, query);
  if (deviceId === undefined) return undefined;
  const reason =
    deviceId === '' || deviceId.length > MAX_DEVICE_ID
      ? `expected 1 to ${MAX_DEVICE_ID} characters`
      : isStorable(deviceId)
        ? undefined
        : 'holds a NUL or a lone surrogate';
  if (reason !== undefined) throw new SatchelError('request_invalid', { path: 'device_id', reason });
  return deviceNamed(deviceId);
};
