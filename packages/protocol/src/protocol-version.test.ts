import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import * as protocol from './index.ts';
import { PROTOCOL_FLOOR, PROTOCOL_VERSION } from './protocol-version.ts';

/**
 * What each protocol version's messages look like: the hash of their schemas. Add a
 * line when the version rises; change one only while its version was never released.
 */
const HASHES: Readonly<Record<number, string>> = {
  1: '74d8d363ee3bfe8bb6fb25688ce25f82',
};

const isSchema = (value: unknown): value is z.ZodMiniType => value instanceof z.ZodMiniType;

/** Every schema that the package exports, as JSON Schema, by name. */
const schemas = (): [string, z.ZodMiniType][] =>
  Object.entries(protocol)
    .flatMap(([name, value]): [string, z.ZodMiniType][] => (isSchema(value) ? [[name, value]] : []))
    .sort(([a], [b]) => (a < b ? -1 : 1));

const describeSchema = (schema: z.ZodMiniType): unknown =>
  z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });

test('[PROTO-VERSION-01] the messages of a version do not change: raise PROTOCOL_VERSION, then add the new hash', () => {
  const text = JSON.stringify(schemas().map(([name, schema]) => [name, describeSchema(schema)]));
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
  expect(HASHES[PROTOCOL_VERSION]).toBe(hash);
});

test('[PROTO-VERSION-02] every version from the floor up is on record', () => {
  expect(PROTOCOL_FLOOR).toBeLessThanOrEqual(PROTOCOL_VERSION);
  for (let version = PROTOCOL_FLOOR; version <= PROTOCOL_VERSION; version++) {
    expect(HASHES).toHaveProperty(String(version));
  }
  expect(Math.max(...Object.keys(HASHES).map(Number))).toBe(PROTOCOL_VERSION);
});

test('[PROTO-VERSION-01] the hash covers every message of the wire', () => {
  const names = schemas().map(([name]) => name);
  for (const name of [
    'pushRequestSchema',
    'pushResponseSchema',
    'pullRequestSchema',
    'pageLineSchema',
    'cursorSchema',
    'liveUpSchema',
    'liveDownSchema',
    'conflictSchema',
    'ackRequestSchema',
    'digestRequestSchema',
  ]) {
    expect(names).toContain(name);
  }
});

test('[PROTO-VERSION-03] a schema that changes changes its description', () => {
  const text = (schema: z.ZodMiniType): string => JSON.stringify(describeSchema(schema));
  expect(text(z.object({ a: z.string() }))).not.toBe(text(z.object({ a: z.optional(z.string()) })));
  expect(text(z.object({ a: z.string() }))).not.toBe(text(z.object({ a: z.string().check(z.maxLength(3)) })));
});
