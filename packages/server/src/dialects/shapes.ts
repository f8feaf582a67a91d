import type { Json } from '@satchel/protocol';
import * as z from 'zod/mini';
import type { WireObject } from './wire-values.ts';

/** Any members: what they may hold is checked against the columns. */
export const rowShape: z.ZodMiniType<WireObject, WireObject> = z.custom<WireObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

export const anyJson: z.ZodMiniType<Json, Json> = z.custom<Json>((value) => value !== undefined);

/** ISO 8601 or UTC milliseconds; looked at by `timeAt`, which names the place. */
export const timeShape = z.union([z.string(), z.number()]);

export const deviceShape = z.string();
