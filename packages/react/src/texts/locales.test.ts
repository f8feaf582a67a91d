import { ERRORS, isErrorCode } from '@satchel/protocol';
import { describe, expect, it } from 'vitest';
import { ADVICE, ADVICE_FOR } from './advice.ts';
import { ar } from './ar.ts';
import { enLocale } from './english.ts';
import { hi } from './hi.ts';
import { sw } from './sw.ts';
import type { Locale, Plural, TextName } from './text.ts';
import { tr } from './tr.ts';

const locales: readonly Locale[] = [enLocale, ar, hi, sw, tr];
const forms = (text: string | Plural): string[] => (typeof text === 'string' ? [text] : Object.values(text));
const parameters = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort();

describe.each(locales)('$tag', ({ advice, errors, tag, texts }) => {
  it('[REACT-33] has every error code and every advice', () => {
    expect(Object.keys(errors).sort()).toEqual(Object.keys(ERRORS).sort());
    expect(Object.keys(advice).sort()).toEqual([...ADVICE].sort());
  });

  it('[REACT-33] has every text, with the parameters of the English one', () => {
    expect(Object.keys(texts).sort()).toEqual(Object.keys(enLocale.texts).sort());
    for (const name of Object.keys(enLocale.texts) as TextName[]) {
      const english = enLocale.texts[name];
      const known = new Set(forms(english).flatMap(parameters));
      for (const form of forms(texts[name]))
        for (const parameter of parameters(form)) expect([...known], `${tag} ${name}`).toContain(parameter);
      if (typeof english === 'string')
        expect(parameters(texts[name] as string), name).toEqual(parameters(english));
    }
  });

  it('[REACT-33] has the plural forms that its language needs', () => {
    for (const text of Object.values(texts) as (string | Plural)[]) {
      if (typeof text === 'string') continue;
      for (const category of new Intl.PluralRules(tag).resolvedOptions().pluralCategories)
        if (category !== 'zero') expect(text).toHaveProperty(category);
    }
  });
});

describe('advice', () => {
  it('[REACT-33] is there for every code', () => {
    expect(Object.keys(ADVICE_FOR).sort()).toEqual(Object.keys(ERRORS).sort());
    expect(Object.keys(ADVICE_FOR).every(isErrorCode)).toBe(true);
  });
});
