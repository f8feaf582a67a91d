import { en } from './en.ts';
import { enAdvice, enErrors } from './en-errors.ts';
import type { Locale } from './text.ts';

/** English. */
export const enLocale: Locale = {
  tag: 'en',
  direction: 'ltr',
  texts: en,
  errors: enErrors,
  advice: enAdvice,
};
