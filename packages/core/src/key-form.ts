import { type ErrorCode, isUuid, MAX_KEY_LENGTH, type Problem, unreachable } from '@satchel/protocol';
import type { KeyType } from './column.ts';
import { isStorableText } from './utf8.ts';

export interface KeyProblem extends Problem {
  readonly code: Extract<ErrorCode, 'key_invalid'>;
}

const WHOLE = /^(?:0|-?[1-9]\d{0,18})$/;

const within = (text: string, bits: bigint): boolean => {
  const value = BigInt(text);
  return value >= -(2n ** (bits - 1n)) && value < 2n ** (bits - 1n);
};

const hasForm = (keyType: KeyType, text: string): boolean => {
  switch (keyType) {
    case 'text':
      return isStorableText(text);
    case 'uuid':
      return isUuid(text);
    case 'integer':
      return WHOLE.test(text) && within(text, 32n);
    case 'bigint':
      return WHOLE.test(text) && within(text, 64n);
    default:
      return unreachable(keyType);
  }
};

const FORMS: Readonly<Record<KeyType, string>> = {
  text: 'text of 1 to 1,024 characters',
  uuid: 'a UUID in lower case',
  integer: 'a whole number of 32 bits',
  bigint: 'a whole number of 64 bits',
};

export const keyProblem = (key: string, expected: string): KeyProblem => ({
  code: 'key_invalid',
  params: { key: key.slice(0, 100), expected },
});

/**
 * What is wrong with the text of a key of one column, if anything: each key has one
 * text only. The problem's parameters lack `table`.
 */
export const checkKey = (keyType: KeyType, text: string): KeyProblem | undefined =>
  text.length > 0 && text.length <= MAX_KEY_LENGTH && hasForm(keyType, text)
    ? undefined
    : keyProblem(text, FORMS[keyType]);
