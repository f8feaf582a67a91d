import type { Dialect, Principal } from '@satchel/schema';
import type * as z from 'zod/mini';
import type { ServerContext } from '../context.ts';
import type { Operations } from '../http/operations.ts';
import type { Parameter } from '../http/route.ts';
import type { Device } from './device.ts';

/** The rooms that a dialect translates to. */
export interface DialectServer {
  readonly ctx: ServerContext;
  readonly operations: Operations;
}

/** A request in the form of its route, from a known sender. */
export interface DialectCall<Body> {
  readonly principal: Principal;
  /** The one that the request names. */
  readonly device: Device | undefined;
  readonly body: Body;
  /** The body's text as it came; empty where there is none. */
  readonly raw: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly path: Readonly<Record<string, string>>;
  readonly ifNoneMatch: string | null;
  readonly requestId: string;
  readonly address: string;
}

export type DialectReply =
  | { readonly kind: 'json'; readonly value: unknown; readonly etag?: string }
  /** 304. */
  | { readonly kind: 'unchanged'; readonly etag: string };

type Schema = z.ZodMiniType<unknown, unknown>;

/** One route of a dialect as data; what is not here is not served, and not documented. */
export interface DialectRoute {
  readonly dialect: Dialect;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly access: 'principal' | 'administrator';
  /** On a private network it can be asked without naming a device. */
  readonly anonymous: boolean;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly query: Readonly<Record<string, Parameter>>;
  readonly body?: Schema;
  readonly answer: Schema;
  /** The device that a request names, where it does. */
  readonly deviceOf: (
    body: unknown,
    query: Readonly<Record<string, string | undefined>>,
  ) => string | undefined;
  readonly example?: unknown;
  readonly handle: (server: DialectServer, call: DialectCall<unknown>) => Promise<DialectReply>;
}

/** A body's shape without a body. */
export type NoBody = undefined;

type Declared<Body> = Pick<
  DialectRoute,
  'dialect' | 'method' | 'path' | 'operationId' | 'summary' | 'description' | 'answer'
> &
  Partial<Pick<DialectRoute, 'access' | 'anonymous' | 'parameters' | 'query' | 'example'>> & {
    readonly body?: z.ZodMiniType<Body, unknown>;
    readonly deviceOf?: (
      body: Body,
      query: Readonly<Record<string, string | undefined>>,
    ) => string | undefined;
    readonly handle: (server: DialectServer, call: DialectCall<Body>) => Promise<DialectReply>;
  };

/** Declares a route; the type of its body follows from the schema. */
export const dialectRoute = <Body = NoBody>(declared: Declared<Body>): DialectRoute => {
  const { body, deviceOf, handle, ...rest } = declared;
  return {
    access: 'principal',
    anonymous: false,
    parameters: {},
    query: {},
    ...rest,
    ...(body === undefined ? {} : { body: body as Schema }),
    // Whoever calls has validated the body against the schema.
    deviceOf: (given, query) => deviceOf?.(given as Body, query),
    handle: (server, call) => handle(server, call as DialectCall<Body>),
  };
};

export const json = (value: unknown, etag?: string): DialectReply => ({
  kind: 'json',
  value,
  ...(etag === undefined ? {} : { etag }),
});

/** What an app asked for, over the rooms of one server. */
export interface MountedDialects {
  readonly server: DialectServer;
  readonly routes: readonly DialectRoute[];
}
