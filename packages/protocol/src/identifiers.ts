import * as z from 'zod/mini';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID in its lower-case text form. Mutation, batch, run and client ids are UUIDv7. */
export const uuidSchema = z.string().check(z.regex(UUID));

/** The same at a look. */
export const isUuid = (data: unknown): data is string => typeof data === 'string' && UUID.test(data);

/** One local database on one device. */
export type ClientId = string;
/** One opening of a client database; `seq` counts within it. */
export type RunId = string;
/** One local transaction, for ever. */
export type MutationId = string;
/** One push request. */
export type BatchId = string;

/** The longest key, in characters of its text form. */
export const MAX_KEY_LENGTH = 1024;
/** The longest name of a table, column or scope template part, in characters. */
export const MAX_NAME_LENGTH = 63;
/** The longest scope name, in characters, values percent-encoded. */
export const MAX_SCOPE_LENGTH = 512;

export const keySchema = z.string().check(z.minLength(1), z.maxLength(MAX_KEY_LENGTH));
export const nameSchema = z.string().check(z.minLength(1), z.maxLength(MAX_NAME_LENGTH));
export const scopeSchema = z.string().check(z.minLength(1), z.maxLength(MAX_SCOPE_LENGTH));

/** A row's server version: a whole number that only rises. */
export const versionSchema = z.number().check(z.int(), z.nonnegative());

const HLC = /^\d{1,16}:\d{1,5}:[0-9a-zA-Z_-]{1,64}$/;

/** `<millis>:<counter>:<nodeId>`, the text form of an `Hlc`; see `@satchel/core`. */
export const hlcSchema = z.string().check(z.regex(HLC));

/** The same at a look. */
export const isHlcText = (data: unknown): data is string => typeof data === 'string' && HLC.test(data);
