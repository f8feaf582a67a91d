import type { Dialect } from '@satchel/schema';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { ERROR_SHAPES } from '../../src/dialects/error-shapes.ts';
import { routesOf } from '../../src/dialects/mount.ts';

const ajv = new Ajv2020({ strict: false, allErrors: true });

const check = (schema: z.core.$ZodType, value: unknown, what: string): void => {
  const validate = ajv.compile(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as object);
  expect(validate(value) ? [] : validate.errors, `${what}: ${JSON.stringify(value)}`).toEqual([]);
};

/** The answer is of the JSON Schema that its route publishes. */
export const expectAnswer = (dialect: Dialect, operationId: string, value: unknown): void => {
  const route = routesOf(dialect).find((one) => one.operationId === operationId);
  if (route === undefined) throw new Error(`no route ${operationId}`);
  check(route.answer, value, operationId);
};

/** The error is of its dialect's JSON Schema, and says something to act on. */
export const expectError = (
  dialect: Dialect,
  value: unknown,
): { readonly code: string; readonly text: string } => {
  check(ERROR_SHAPES[dialect], value, `an error of ${dialect}`);
  const told = value as { error: unknown; code?: string; message?: string };
  const code = told.code ?? (told.error as { code: string }).code;
  const text = told.message ?? (told.error as string);
  expect(text.length, `the text of ${code}`).toBeGreaterThan(25);
  expect(text).not.toMatch(/\{\w+\}/);
  return { code, text };
};
