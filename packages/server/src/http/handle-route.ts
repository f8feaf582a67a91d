import { InvariantError, SatchelError, uuidSchema } from '@satchel/protocol';
import { isAdministrator, type Principal } from '@satchel/schema';
import { readBody } from './body.ts';
import type { Operations } from './operations.ts';
import { checkProtocolVersion, checkStorable, parseJson, parsePush, parseShape } from './parse-request.ts';
import type { Parameter, Reply, Route } from './route.ts';
import { WIRE_SCHEMAS } from './wire-schemas.ts';

export interface HandleLimits {
  /** Bytes of a body, before and after decompression. */
  readonly bodyBytes: number;
  /** Mutations of one push. */
  readonly batchMutations: number;
}

export interface Arrived {
  readonly request: Request;
  readonly principal: Principal;
  readonly requestId: string;
  readonly address: string;
  /** Values of the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, readonly string[]>>;
}

export interface Handled {
  readonly reply: Reply<unknown>;
  readonly received: number;
  readonly clientId?: string;
}

/** From a request whose sender is known to the reply of its route: form first, then revocation, then the work. */
export const handleRoute = async (
  route: Route,
  arrived: Arrived,
  given: {
    readonly operations: Operations;
    readonly limits: HandleLimits;
    readonly administrators: readonly string[];
  },
): Promise<Handled> => {
  const { principal, request, requestId, address } = arrived;
  const { operations, limits } = given;
  if (route.access === 'administrator' && !isAdministrator(given, principal))
    throw new SatchelError('not_administrator');

  const path = parseParameters(route.parameters, arrived.path, 'path');
  const query = parseParameters(route.query, onlyOnce(arrived.query, route.query), 'query');
  const { body, raw, received } = await bodyOf(route, request, limits);
  const clientId = clientIdOf(body) ?? query.clientId;
  const refuseRevoked = async (): Promise<void> => {
    if (clientId === undefined) return;
    const revoked = await operations.revokedAs(clientId);
    if (revoked !== null) throw new SatchelError('client_revoked', { clientId, action: revoked });
  };
  if (!route.hears) await refuseRevoked();
  const call = {
    principal,
    body,
    raw,
    query,
    path: path as Readonly<Record<string, string>>,
    ifNoneMatch: request.headers.get('if-none-match'),
    requestId,
    address,
    operations,
  };
  const reply = await route.handle(call).catch(async (error: unknown) => {
    // Whatever else is wrong: a client that is locked out is told that, and nothing more.
    if (route.hears) await refuseRevoked();
    throw error;
  });
  return { reply, received, ...(clientId === undefined ? {} : { clientId }) };
};

const bodyOf = async (
  route: Route,
  request: Request,
  limits: HandleLimits,
): Promise<{ body: unknown; raw: string; received: number }> => {
  if (route.body === undefined) return { body: undefined, raw: '', received: 0 };
  const absent = request.body === null || request.headers.get('content-length') === '0';
  if (absent && route.bodyOptional) return { body: {}, raw: '', received: 0 };
  const { text, received } = await readBody(request, limits.bodyBytes);
  const data = parseJson(text);
  checkProtocolVersion(data);
  if (route.holdsData) checkBatch(data, limits);
  const body =
    route.body === 'PushRequest' ? parsePush(data) : parseShape<unknown>(WIRE_SCHEMAS[route.body], data);
  checkStorable(route.holdsData ? withoutData(body) : body);
  return { body, raw: text, received };
};

/** Told before the form is checked, which would take long for a batch that is refused anyway. */
const checkBatch = (data: unknown, limits: HandleLimits): void => {
  if (typeof data !== 'object' || data === null) return;
  const mutations: unknown = Reflect.get(data, 'mutations');
  if (Array.isArray(mutations) && mutations.length > limits.batchMutations)
    throw new SatchelError('batch_too_large', { mutations: mutations.length, limit: limits.batchMutations });
};

/** A push without what its mutations hold: bad text in there is answered mutation by mutation. */
const withoutData = (body: unknown): unknown =>
  typeof body === 'object' && body !== null ? { ...body, mutations: undefined } : body;

const clientIdOf = (body: unknown): string | undefined => {
  if (typeof body !== 'object' || body === null) return undefined;
  const parsed = uuidSchema.safeParse(Reflect.get(body, 'clientId'));
  return parsed.success ? parsed.data : undefined;
};

/** Query parameters, each known and given once. */
export const onlyOnce = (
  given: Readonly<Record<string, readonly string[]>>,
  known: Readonly<Record<string, Parameter>>,
): Record<string, string> => {
  const values: Record<string, string> = {};
  for (const [name, all] of Object.entries(given)) {
    if (!Object.hasOwn(known, name))
      throw new SatchelError('request_invalid', { path: 'query', reason: 'has unknown fields' });
    const [value, ...more] = all;
    if (value === undefined || more.length > 0)
      throw new SatchelError('request_invalid', { path: `query.${name}`, reason: 'given more than once' });
    values[name] = value;
  }
  return values;
};

/** Values of path or query, each of its form. */
export const parseParameters = (
  known: Readonly<Record<string, Parameter>>,
  given: Readonly<Record<string, string>>,
  place: 'path' | 'query',
): Record<string, string | undefined> => {
  const values: Record<string, string | undefined> = {};
  for (const [name, parameter] of Object.entries(known)) {
    const value = given[name];
    if (value === undefined) {
      if (place === 'path') throw new InvariantError(`the path of the route has no {${name}}`);
      continue;
    }
    if (!parameter.schema.safeParse(value).success)
      throw new SatchelError('request_invalid', { path: `${place}.${name}`, reason: 'has the wrong format' });
    checkStorable({ [place]: { [name]: value } });
    values[name] = value;
  }
  return values;
};
