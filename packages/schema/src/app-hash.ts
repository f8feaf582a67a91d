import { canonicalJson, digestText } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import type { App } from './app.ts';

/** Plain data of anything: functions become the word `function`, what is undefined is left out. */
const plain = (value: unknown): Json => {
  if (typeof value === 'function') return 'function';
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, part]) => part !== undefined)
        .map(([name, part]) => [name, plain(part)]),
    );
  }
  return value as Json;
};

/**
 * A hash of an app's definition, the same on every machine: of its plain data, with
 * functions by name alone. It changes whenever tables, policies, rules or settings do.
 *
 * @example
 * ```ts
 * appHash(app).length; // 32
 * ```
 */
export const appHash = (app: App): string => digestText(canonicalJson(plain(app)));
