import { describe, expect, test } from 'vitest';
import {
  ERRORS,
  type ErrorCode,
  fillTemplate,
  InvariantError,
  invariant,
  isErrorCode,
  SatchelError,
  unreachable,
} from './errors.ts';
import { problemSchema } from './outcome.ts';

const codes = Object.keys(ERRORS) as ErrorCode[];

describe.each(codes)('%s', (code) => {
  const { status, template, remedy, retry } = ERRORS[code];

  test('[PROTO-ERROR-01] is a snake_case code that fits the wire', () => {
    expect(code).toMatch(/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/);
    expect(problemSchema.safeParse({ code, params: {} }).success).toBe(true);
  });

  test('[PROTO-ERROR-02] says what happened and what to do, in whole sentences', () => {
    for (const text of [template, remedy]) {
      expect(text).toMatch(/^[A-Z{]/);
      expect(text).toMatch(/(?:\.|\{remedy\}|--help\.)$/);
      expect(text.replace(/\{\w+\}/g, '')).not.toMatch(/[{}]/);
    }
  });

  test('[PROTO-ERROR-03] has a status that fits how it is tried again', () => {
    expect(status === 0 || (status >= 400 && status <= 599)).toBe(true);
    if (retry === 'after-auth') expect(status).toBe(401);
    if (status >= 500 || status === 429) expect(retry).toBe('later');
  });
});

describe('fillTemplate', () => {
  test('[PROTO-ERROR-04] puts values in, texts as they are and the rest as JSON', () => {
    expect(
      fillTemplate('{table}: {n} of {list}, {none}', { table: 'sales', n: 3, list: ['a'], none: null }),
    ).toBe('sales: 3 of ["a"], null');
  });

  test('[PROTO-ERROR-04] leaves a parameter that is not given visible', () => {
    expect(fillTemplate('{table} {key}', { key: 'k' })).toBe('{table} k');
  });

  test('[PROTO-ERROR-04] takes a value as it is, with braces or dollars in it', () => {
    expect(fillTemplate('{a}{b}', { a: '{b}$&$1', b: 'x' })).toBe('{b}$&$1x');
  });
});

describe('SatchelError', () => {
  test('[PROTO-ERROR-05] carries its code, parameters, text, status and retry', () => {
    const error = new SatchelError('table_unknown', { table: 'sails' });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('SatchelError');
    expect(error.message).toBe(
      'There is no synced table sails. Check the name, or send the app definition that has it.',
    );
    expect(error.retry).toBe('never');
    expect(error.status).toBe(400);
    expect(error.toProblem()).toEqual({ code: 'table_unknown', params: { table: 'sails' } });
  });

  test('[PROTO-ERROR-05] keeps its cause', () => {
    const cause = new Error('socket closed');
    expect(new SatchelError('network_unreachable', {}, { cause }).cause).toBe(cause);
  });

  test('[PROTO-ERROR-06] codes are told apart from any other text', () => {
    expect(isErrorCode('table_unknown')).toBe(true);
    for (const text of ['', 'toString', '__proto__', 'TABLE_UNKNOWN']) expect(isErrorCode(text)).toBe(false);
  });
});

test('[PROTO-ERROR-07] a broken invariant is our bug, and another class', () => {
  expect(() => invariant(false, 'the outbox has a gap')).toThrow(InvariantError);
  expect(() => invariant(true, 'x')).not.toThrow();
  expect(() => unreachable('x' as never)).toThrow(InvariantError);
  expect(new InvariantError('x')).not.toBeInstanceOf(SatchelError);
});
