import * as z from 'zod/mini';
import { nameSchema, scopeSchema } from './identifiers.ts';

/**
 * What a cursor token says. Clients hold tokens and never look inside; servers make
 * and read them with `encodeCursor` and `decodeCursor`.
 *
 * Scopes point into `snapshots`, because most share one.
 */
export const cursorSchema = z.strictObject({
  /** Format of the token. */
  v: z.literal(1),
  /** The identity of the history: another epoch knows nothing of these snapshots. */
  epoch: z.string(),
  generation: z.number(),
  /** WAL position (bytes) up to which all that the snapshots call finished is on disk. */
  lsn: z.string().check(z.regex(/^\d+$/)),
  schemaVersion: z.number(),
  /** Index of the snapshot up to which the client's own outcomes are held. */
  outcomes: z.number(),
  /** UTC milliseconds of the newest snapshot. */
  at: z.number(),
  /** Texts of `pg_snapshot`: `xmin:xmax:xip,…`; xmax and xip as differences from xmin. */
  snapshots: z.array(z.string()),
  scopes: z.record(
    scopeSchema,
    z.strictObject({
      /** Index of the snapshot up to which the scope is held. In a backfill: the target. */
      s: z.number(),
      /** Hash of the view by table: columns, role, filter. */
      view: z.record(nameSchema, z.string()),
      /** A running backfill, where it resumes. */
      fill: z.optional(
        z.strictObject({
          /** Only these tables; absent: all. */
          tables: z.optional(z.array(nameSchema)),
          /** Snapshot up to which the tables outside the fill are held, when only some are filled. */
          from: z.optional(z.number()),
          /** Lane being walked, then the last (xid, table, key) sent. */
          lane: z.number(),
          xid: z.string(),
          table: z.string(),
          key: z.string(),
          reset: z.optional(z.boolean()),
        }),
      ),
      /** A running delta in pages, where it resumes: target snapshot and the last (xid, table, key) sent. */
      part: z.optional(
        z.strictObject({ to: z.number(), xid: z.string(), table: z.string(), key: z.string() }),
      ),
    }),
  ),
});
export type Cursor = z.infer<typeof cursorSchema>;

/** The token of a cursor: compact JSON in base64url, coded by the host (`Buffer` in Node). */
export interface TokenCodec {
  encode(text: string): string;
  /** Throws on anything that is not of the form. */
  decode(token: string): string;
}

export const encodeCursor = (cursor: Cursor, codec: TokenCodec): string =>
  codec.encode(JSON.stringify(cursor));

/** `undefined` for a token that is not a cursor of this format. */
export const decodeCursor = (token: string, codec: TokenCodec): Cursor | undefined => {
  let data: unknown;
  try {
    data = JSON.parse(codec.decode(token));
  } catch {
    return undefined;
  }
  const parsed = cursorSchema.safeParse(data);
  return parsed.success ? parsed.data : undefined;
};
