import { SatchelError } from '@satchel/protocol';
import { suggestName } from './near-name.ts';

/**
 * A mistake in an app's definition: where it is (`tables.products.conflicts.fields.stok`),
 * what is wrong, and what to do.
 */
export const mistake = (where: string, what: string, remedy: string): SatchelError =>
  new SatchelError('app_invalid', { where, mistake: what, remedy });

/** Refuses a name that is not among the known ones. */
export const checkKnown = (where: string, kind: string, name: string, known: readonly string[]): void => {
  if (!known.includes(name)) throw mistake(where, `there is no ${kind} "${name}"`, suggestName(name, known));
};

/** Refuses anything but an object, and settings that do not exist, so that a slip of the pen is not silently ignored. */
export const checkSettings = (where: string, given: unknown, known: readonly string[]): void => {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw mistake(where, 'expected an object of settings', `Give some of: ${known.join(', ')}.`);
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw mistake(`${where}.${name}`, `there is no setting "${name}"`, suggestName(name, known));
    }
  }
};

/** Refuses a value that is not one of a closed set of words. */
export const checkWord = (where: string, given: unknown, words: readonly string[]): void => {
  if (typeof given !== 'string' || !words.includes(given)) {
    throw mistake(
      where,
      `${JSON.stringify(given) ?? 'undefined'} is not possible here`,
      typeof given === 'string' ? suggestName(given, words) : `Give one of: ${words.join(', ')}.`,
    );
  }
};

/** Refuses a number that is not whole and at least `least`. */
export const checkWhole = (where: string, given: unknown, least: number, unit: string): void => {
  if (typeof given !== 'number' || !Number.isSafeInteger(given) || given < least) {
    throw mistake(
      where,
      `expected a whole number of ${unit}, at least ${least}`,
      `Write for example ${where.slice(where.lastIndexOf('.') + 1)}: ${Math.max(least, 1)}.`,
    );
  }
};

/** Refuses anything but a list of texts. */
export const checkTexts = (where: string, given: unknown): void => {
  if (!Array.isArray(given) || given.some((item) => typeof item !== 'string')) {
    throw mistake(where, 'expected a list of names', "Write for example ['first', 'second'].");
  }
};

/** Refuses anything but `true` or `false`. */
export const checkFlag = (where: string, given: unknown): void => {
  if (typeof given !== 'boolean')
    throw mistake(where, 'expected true or false', 'Write true, false, or leave it out.');
};
