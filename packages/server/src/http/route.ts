import type { ErrorCode, PushResponse } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type * as z from 'zod/mini';
import type { Operations, PullAnswer } from './operations.ts';
import type { Wire, WireName } from './wire-schemas.ts';

/** What a handler is given: all of it verified and validated. */
export interface Call<Body, Query> {
  readonly principal: Principal;
  readonly body: Body;
  /** The body's text as it came; empty where the route takes none. */
  readonly raw: string;
  readonly query: Query;
  /** Values of `{name}` in the path, decoded and of their form. */
  readonly path: Readonly<Record<string, string>>;
  readonly ifNoneMatch: string | null;
  readonly requestId: string;
  readonly address: string;
  readonly operations: Operations;
}

export type Reply<Answer> =
  | { readonly kind: 'json'; readonly value: Answer }
  /** As `json`; its answers are counted. */
  | { readonly kind: 'pushed'; readonly value: PushResponse }
  | { readonly kind: 'pull'; readonly answer: PullAnswer; readonly digest: string | null };

/** A value in the path or the query: its form, and what it means. */
export interface Parameter {
  readonly schema: z.ZodMiniType<unknown, unknown>;
  readonly description: string;
  readonly example?: string;
}

/**
 * One route of the native protocol as data. The server is built from these, and so is
 * the document at `/openapi.json`: a route that is not documented cannot exist.
 */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** With `{name}` for values in the path. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: 'Sync' | 'Conflicts' | 'Clients' | 'Batches' | 'History' | 'Reports';
  readonly summary: string;
  readonly description: string;
  /** `administrator`: a role in the app's `administrators`. */
  readonly access: 'principal' | 'administrator';
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly query: Readonly<Record<string, Parameter>>;
  readonly body?: WireName;
  /** True: an absent body counts as `{}`. */
  readonly bodyOptional: boolean;
  /** True: only this route's handler may judge the text inside (it is data to be answered one by one). */
  readonly holdsData: boolean;
  /** True: the operation itself begins with who speaks, so nobody need ask before it whether that client is locked out. */
  readonly hears: boolean;
  readonly answer: WireName;
  /** JSON lines, each of `answer`, instead of one JSON value. */
  readonly lines: boolean;
  /** Beside those that every route can give. */
  readonly errors: readonly ErrorCode[];
  readonly example?: { readonly request?: unknown; readonly answer?: unknown };
  readonly handle: (
    call: Call<unknown, Readonly<Record<string, string | undefined>>>,
  ) => Promise<Reply<unknown>>;
}

type Declared<Body extends WireName | undefined, Answer extends WireName> = Pick<
  Route,
  'method' | 'path' | 'operationId' | 'tag' | 'summary' | 'description' | 'access'
> &
  Partial<
    Pick<
      Route,
      'parameters' | 'query' | 'bodyOptional' | 'holdsData' | 'hears' | 'lines' | 'errors' | 'example'
    >
  > & {
    readonly body?: Body;
    readonly answer: Answer;
    readonly handle: (
      call: Call<
        Body extends WireName ? Wire<Body> : undefined,
        Readonly<Record<string, string | undefined>>
      >,
    ) => Promise<Reply<Wire<Answer>>>;
  };

/** Declares a route: the types of body and answer follow from the names of their schemas. */
export const route = <Answer extends WireName, Body extends WireName | undefined = undefined>(
  declared: Declared<Body, Answer>,
): Route => {
  const { body, handle, ...rest } = declared;
  return {
    parameters: {},
    query: {},
    bodyOptional: false,
    holdsData: false,
    hears: false,
    lines: false,
    errors: [],
    ...rest,
    ...(body === undefined ? {} : { body }),
    // The dispatcher validates the body against the schema named `body` before it calls.
    handle: (call) => handle(call as Parameters<typeof handle>[0]),
  };
};

export const json = async <Answer>(value: Promise<Answer>): Promise<Reply<Answer>> => ({
  kind: 'json',
  value: await value,
});
