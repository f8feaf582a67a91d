import * as z from 'zod/mini';
import { uuidSchema } from './identifiers.ts';
import { livePushSchema, liveVersionsSchema } from './live-push.ts';
import { problemSchema } from './outcome.ts';
import { MAX_CURSOR_LENGTH, subscriptionSchema } from './pull.ts';
import { pushResponseSchema } from './push.ts';

/**
 * `GET /v1/live`, a WebSocket. Life of a session:
 *
 * ```
 * client                          server
 *   hello {token, cursor} ------>
 *                         <------  ready
 *                         <------  page (JSON lines, as in a pull)   or   poke
 *   resume {cursor} ------------>  after a pull that the poke, or a page that did not fit, made needed
 *   token {token} -------------->  before the old one expires
 *   push {id, push} ------------>  where `ready` said so
 *                         <------  answer {id, …}
 * ```
 *
 * A page message starts with its `head` line and is the same text that a pull
 * gives; every other message is one JSON object. A session that is behind, or whose
 * page would pass 64 KiB, gets a `poke` and pulls.
 */
export const liveUpSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    protocolVersion: z.number(),
    schemaVersion: z.number(),
    token: z.string().check(z.maxLength(16_384)),
    clientId: uuidSchema,
    cursor: z.nullable(z.string().check(z.maxLength(MAX_CURSOR_LENGTH))),
    subscription: z.optional(subscriptionSchema),
    /** As in a pull: rows may come in brief. */
    brief: z.optional(z.boolean()),
  }),
  z.strictObject({ type: z.literal('resume'), cursor: z.string().check(z.maxLength(MAX_CURSOR_LENGTH)) }),
  z.strictObject({ type: z.literal('push'), id: z.number().check(z.int()), push: livePushSchema }),
  z.strictObject({ type: z.literal('token'), token: z.string().check(z.maxLength(16_384)) }),
]);
export type LiveUp = z.infer<typeof liveUpSchema>;

export const liveDownSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    sessionId: z.string(),
    serverTime: z.number(),
    /**
     * Small pushes may come over this connection, from this user: mutations of others, or
     * a client that calls its user otherwise, go by HTTP and are told so there.
     */
    push: z.optional(z.string()),
  }),
  /** Of a push: its versions where that is all there is to say, its response, or what was wrong with it. */
  z.object({
    type: z.literal('answer'),
    id: z.number(),
    serverTime: z.optional(z.number()),
    versions: z.optional(liveVersionsSchema),
    response: z.optional(pushResponseSchema),
    problem: z.optional(problemSchema),
  }),
  z.object({ type: z.literal('poke') }),
  z.object({ type: z.literal('problem'), problem: problemSchema }),
]);
export type LiveDown = z.infer<typeof liveDownSchema>;

/** Close codes of the live socket. Everything else is a lost connection and is retried. */
export const LIVE_CLOSE = {
  /** The token is missing, wrong or expired: get a new one first. */
  needsAuth: 4401,
  /** The client was revoked. */
  revoked: 4403,
  /** The session fell too far behind: pull, then connect again. */
  behind: 4409,
  /** A message was not of the protocol. */
  invalid: 4400,
  /** The server is stopping: connect again after a moment. */
  goingAway: 1001,
} as const;

/** The longest push over a live connection, in characters: above, HTTP compresses it to less. */
export const MAX_LIVE_PUSH = 2_000;

/** Above this many bytes a page is not sent live; the session is poked and pulls. */
export const MAX_LIVE_PAGE_BYTES = 65_536;
