import { type ErrorAnswer, unreachable } from '@satchel/protocol';
import type { App, Dialect } from '@satchel/schema';
import * as z from 'zod/mini';
import { problemText } from './problem-text.ts';
import { timeText } from './wire-time.ts';

/** What every dialect tells of an error, each in its own shape. Decide by `code`. */
const told = {
  code: z.string(),
  /** The place in the request: `actions.0.client_id`. */
  field: z.nullable(z.string()),
  request_id: z.string(),
};

export const ERROR_SHAPES = {
  tables: z.strictObject({
    success: z.literal(false),
    timestamp: z.string(),
    error: z.string(),
    ...told,
  }),
  actions: z.strictObject({
    success: z.literal(false),
    message: z.string(),
    error: z.strictObject({ code: told.code, field: told.field }),
    sync_timestamp: z.string(),
    request_id: told.request_id,
  }),
  mobile: z.strictObject({ error: z.string(), ...told }),
} as const satisfies Record<Dialect, unknown>;

const fieldOf = ({ path }: ErrorAnswer['error']['params']): string | null =>
  typeof path === 'string' && path !== '' ? path : null;

/** An error in the shape of a dialect. */
export const errorBody = (
  dialect: Dialect,
  { error: { code, params, requestId } }: ErrorAnswer,
  app: App,
  now: number,
): unknown => {
  const message = problemText(app, { code, params });
  const field = fieldOf(params);
  switch (dialect) {
    case 'tables':
      return {
        success: false,
        timestamp: timeText(now),
        error: message,
        code,
        field,
        request_id: requestId,
      };
    case 'actions':
      return {
        success: false,
        message,
        error: { code, field },
        sync_timestamp: timeText(now),
        request_id: requestId,
      };
    case 'mobile':
      return { error: message, code, field, request_id: requestId };
    default:
      return unreachable(dialect);
  }
};
