import type { ErrorCode } from '@satchel/protocol';
import type { Advice } from './advice.ts';
import type { en } from './en.ts';

/** A text that depends on a number `n`, by the plural categories of its language; `other` is always there. */
export type Plural = { readonly other: string } & {
  readonly [category in Exclude<Intl.LDMLPluralRule, 'other'>]?: string;
};

export type TextName = keyof typeof en;

/** All texts of the components in one language. `{name}` stands for a parameter. */
export type Texts = {
  readonly [name in TextName]: (typeof en)[name] extends string ? string : Plural;
};

/** One language: texts, and for each error code what happened, in words of the people who read it. */
export interface Locale {
  /** BCP 47, for numbers, times and plurals. */
  readonly tag: string;
  readonly direction: 'ltr' | 'rtl';
  readonly texts: Texts;
  /** By code; one that is missing falls to the English of the catalogue. */
  readonly errors: { readonly [code in ErrorCode]?: string };
  readonly advice: Readonly<Record<Advice, string>>;
}

export type Params = Readonly<Record<string, string | number>>;

/** Fills `{name}`; numbers as the language writes them. A parameter that is not given stays visible. */
export const fill = (locale: Locale, text: string | Plural, params: Params = {}): string => {
  const chosen = typeof text === 'string' ? text : byNumber(locale, text, Number(params.n ?? 0));
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? new Intl.NumberFormat(locale.tag).format(value) : value;
  });
};

const byNumber = (locale: Locale, text: Plural, n: number): string =>
  (n === 0 ? text.zero : undefined) ?? text[new Intl.PluralRules(locale.tag).select(n)] ?? text.other;
