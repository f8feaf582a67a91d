import {
  type Json,
  PROTOCOL_FLOOR,
  PROTOCOL_VERSION,
  type PushRequest,
  pushRequestSchema,
  SatchelError,
} from '@satchel/protocol';
import type * as z from 'zod/mini';
import { unstorableAt } from './storable.ts';
import { isSurelyMutation } from './sure-mutation.ts';

/** The part of a schema that is needed here, so that the type of its result stays known. */
export interface Parser<T> {
  safeParse(data: unknown): z.core.util.SafeParseResult<T>;
}

/** JSON text as data; `body_not_json` for anything else. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SatchelError('body_not_json', {}, { cause });
  }
};

/**
 * The version that a request says it speaks, checked before its form: a newer
 * protocol may look quite different and must still be told that it is newer.
 */
export const checkProtocolVersion = (data: unknown): void => {
  if (typeof data !== 'object' || data === null) return;
  const version: unknown = Reflect.get(data, 'protocolVersion');
  if (typeof version !== 'number' || !Number.isSafeInteger(version)) return;
  if (version < PROTOCOL_FLOOR)
    throw new SatchelError('protocol_too_old', { protocolVersion: version, floor: PROTOCOL_FLOOR });
  if (version > PROTOCOL_VERSION)
    throw new SatchelError('protocol_too_new', { protocolVersion: version, serverVersion: PROTOCOL_VERSION });
};

/** Data in the form of the schema, or `request_invalid` with the path of the first fault; values are never quoted. */
export const parseShape = <T>(schema: Parser<T>, data: unknown): T => {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SatchelError('request_invalid', {
    path: pathText(issue?.path ?? []),
    reason: reasonOf(issue),
  });
};

/** A push in the form of its schema, which need not walk through thousands of mutations that are surely good. */
export const parsePush = (data: unknown): PushRequest => {
  const mutations: unknown =
    typeof data === 'object' && data !== null ? Reflect.get(data, 'mutations') : null;
  if (!Array.isArray(mutations) || !mutations.every(isSurelyMutation))
    return parseShape<PushRequest>(pushRequestSchema, data);
  // One stands for all: the rest of the request is looked at as ever.
  const request = parseShape<PushRequest>(pushRequestSchema, {
    ...(data as object),
    mutations: mutations.slice(0, 1),
  });
  return { ...request, mutations: mutations as PushRequest['mutations'] };
};

/** Refuses text that PostgreSQL cannot hold, before it meets a statement. */
export const checkStorable = (data: unknown): void => {
  const path = unstorableAt(data);
  if (path !== undefined)
    throw new SatchelError('request_invalid', { path, reason: 'holds a NUL or a lone surrogate' });
};

const pathText = (path: readonly PropertyKey[]): Json => path.map(String).join('.');

/** zod's reason by kind; its messages are left out, as some quote what they found. */
const reasonOf = (issue: z.core.$ZodIssue | undefined): string => {
  if (issue === undefined) return 'invalid';
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'unrecognized_keys':
      return 'has unknown fields';
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'too_small':
      return `at least ${issue.minimum}`;
    case 'invalid_value':
      return `expected one of ${issue.values.join(', ')}`;
    case 'invalid_format':
      return 'has the wrong format';
    case 'invalid_union':
      return 'is of no known kind';
    case 'invalid_key':
      return 'has an invalid name';
    case 'not_multiple_of':
    case 'invalid_element':
    case 'custom':
      return 'invalid';
  }
};
