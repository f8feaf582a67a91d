import * as z from 'zod/mini';
import { keySchema, scopeSchema } from './identifiers.ts';

// A token comes back from strangers: all of it that reaches the database is something
// that the database can take.
const tableNumberSchema = z.number().check(z.int(), z.minimum(0), z.maximum(32_767));
const tableNumbersSchema = z.array(tableNumberSchema);
const indexSchema = z.number().check(z.int(), z.nonnegative());
/** The last entry that was sent of a walk: transaction, table number, key. */
const placeSchema = z.tuple([
  z.string().check(z.regex(/^\d{1,18}$/)),
  tableNumberSchema,
  keySchema.check(z.regex(/^[^\0\p{Cs}]*$/u)),
]);

/**
 * What a cursor token says. Clients hold tokens and never look inside; servers make
 * and read them with `encodeCursor` and `decodeCursor`.
 *
 * A snapshot is named by its place in `snapshots`, because most scopes share one.
 * Tables are named by their number in the database of this epoch.
 */
export const cursorSchema = z.strictObject({
  /** Format of the token. */
  v: z.literal(1),
  /** The identity of the history: another epoch knows nothing of these snapshots. */
  epoch: z.string().check(z.regex(/^[0-9A-Za-z-]{1,64}$/)),
  generation: z.number().check(z.int(), z.nonnegative()),
  /** WAL position (bytes) up to which all that the snapshots call finished is on disk. */
  lsn: z.string().check(z.regex(/^\d{1,20}$/)),
  /** UTC milliseconds of the newest snapshot. */
  at: z.number(),
  /** By table number, a hash of what may be seen of it: columns, filter. A table that is not here is not sent. */
  view: z.record(z.string().check(z.regex(/^\d{1,5}$/)), z.string().check(z.maxLength(64))),
  /** Packed texts of `pg_snapshot`, see `packSnapshot` in `@satchel/core`. */
  snapshots: z.array(z.string().check(z.regex(/^\d{1,18}:\d{1,18}:[\d,]*$/))),
  /** The snapshot up to which the client's own outcomes are held. */
  outcomes: indexSchema,
  scopes: z.record(
    scopeSchema,
    z.strictObject({
      /** The snapshot up to which changes of the scope are held. */
      s: indexSchema,
      /**
       * A running copy of what was present at the snapshot `to`, where it resumes. Rows
       * that change meanwhile fall out of it and come with the deltas, which go on beside.
       */
      fill: z.optional(
        z.strictObject({
          to: indexSchema,
          /** Tables being walked together (one lane), and those after them. */
          now: tableNumbersSchema,
          rest: tableNumbersSchema,
          at: z.optional(placeSchema),
          /** Only these tables are copied; absent: the whole scope. */
          only: z.optional(tableNumbersSchema),
          /** Rows still to come, an estimate. */
          rows: z.number(),
        }),
      ),
    }),
  ),
  /**
   * A delta too large for one answer, on its way to the snapshot `to`, scope after scope
   * by name: those before `scope` are done. Without `scope` all parts were sent, and the
   * delta from `to` on, which completes them, is still to come.
   */
  part: z.optional(
    z.strictObject({ to: indexSchema, scope: z.optional(scopeSchema), at: z.optional(placeSchema) }),
  ),
});
export type Cursor = z.infer<typeof cursorSchema>;
export type CursorScope = Cursor['scopes'][string];
export type CursorFill = NonNullable<CursorScope['fill']>;
/** (transaction, table number, key) of an entry. */
export type EntryPlace = z.infer<typeof placeSchema>;

/** The token of a cursor: compact JSON in base64url, coded by the host (`Buffer` in Node). */
export interface TokenCodec {
  encode(text: string): string;
  /** Throws on anything that is not of the form. */
  decode(token: string): string;
}

/** Parts the token of a whole cursor from the place that a live page moved it to. */
const PLACE_MARK = '~';

/**
 * The place of a cursor that stands at one snapshot with all it holds: what live pages
 * name instead of the whole token, which says again what the client may see.
 */
export const encodePlace = ({ lsn, at, snapshots }: Pick<Cursor, 'lsn' | 'at' | 'snapshots'>): string =>
  `${lsn}.${at.toString(36)}.${snapshots.join(';')}`;

/** The token that stands at `place`, from any earlier one of the same kind. */
export const tokenAt = (token: string, place: string): string =>
  `${token.split(PLACE_MARK, 1)[0]}${PLACE_MARK}${place}`;

const decodePlace = (place: string): Record<string, unknown> => {
  const [lsn, at = '', snapshots = ''] = place.split('.');
  return { lsn, at: Number.parseInt(at, 36), snapshots: snapshots.split(';') };
};

export const encodeCursor = (cursor: Cursor, codec: TokenCodec): string =>
  codec.encode(JSON.stringify(cursor));

/** `undefined` for a token that is not a cursor of this format. */
export const decodeCursor = (token: string, codec: TokenCodec): Cursor | undefined => {
  const [stem = '', place] = token.split(PLACE_MARK);
  let data: unknown;
  try {
    data = JSON.parse(codec.decode(stem));
  } catch {
    return undefined;
  }
  if (place !== undefined && typeof data === 'object' && data !== null)
    data = { ...data, ...decodePlace(place) };
  const parsed = cursorSchema.safeParse(data);
  return parsed.success && pointsInside(parsed.data) ? parsed.data : undefined;
};

const pointsInside = (cursor: Cursor): boolean => {
  const known = (index: number) => index < cursor.snapshots.length;
  return (
    known(cursor.outcomes) &&
    (!cursor.part || known(cursor.part.to)) &&
    Object.values(cursor.scopes).every(({ s, fill }) => known(s) && (!fill || known(fill.to)))
  );
};
