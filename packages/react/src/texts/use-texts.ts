import { ERRORS, fillTemplate, isErrorCode, type Problem } from '@satchel/protocol';
import { useMemo } from 'react';
import { type ProviderSettings, useSettingsOfProvider } from '../provider.tsx';
import { ADVICE_FOR } from './advice.ts';
import { humanize } from './humanize.ts';
import { fill, type Params, type TextName } from './text.ts';

/** Texts, names, times and numbers in the language of the nearest provider. */
export interface Words {
  readonly t: (name: TextName, params?: Params) => string;
  readonly table: (name: string) => string;
  readonly field: (table: string, column: string) => string;
  readonly person: (userId: string) => string;
  /** What happened, in plain words; the code where it is none of ours. */
  readonly problem: (problem: Problem) => string;
  /** What to do about it; empty where nothing is known. */
  readonly advice: (problem: Problem) => string;
  /** "3 minutes ago", "in 2 hours". */
  readonly ago: (at: number, now: number) => string;
  readonly time: (at: number) => string;
  readonly duration: (ms: number) => string;
  readonly bytes: (bytes: number) => string;
  readonly number: (n: number) => string;
  readonly list: (items: readonly string[]) => string;
  /** The same in parts: the items, and what stands between them. */
  readonly listParts: (
    items: readonly string[],
  ) => readonly { readonly isItem: boolean; readonly text: string }[];
  /** For the root element of a component. */
  readonly root: { readonly lang: string; readonly dir: 'ltr' | 'rtl' };
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
const BYTES = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

export const wordsIn = ({ labels, locale, timeZone }: ProviderSettings): Words => {
  const { tag, texts, errors, advice } = locale;
  const t = (name: TextName, params?: Params): string => fill(locale, texts[name], params);
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' });
  const moment = new Intl.DateTimeFormat(tag, {
    dateStyle: 'medium',
    timeStyle: 'short',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  const number = new Intl.NumberFormat(tag);
  const unit = (value: number, name: string, digits = 0): string =>
    new Intl.NumberFormat(tag, {
      style: 'unit',
      unit: name,
      // Short, a byte stays in the singular in some languages: "0 byte".
      unitDisplay: name === 'byte' ? 'long' : 'short',
      maximumFractionDigits: digits,
    }).format(value);
  return {
    t,
    table: (name) => labels.tables?.[name] ?? humanize(name),
    field: (table, column) =>
      labels.fields?.[`${table}.${column}`] ?? labels.fields?.[column] ?? humanize(column),
    person: (userId) => labels.people?.[userId] ?? userId,
    problem: ({ code, params }) =>
      isErrorCode(code) ? (errors[code] ?? fillTemplate(ERRORS[code].template, params)) : humanize(code),
    advice: ({ code, params }) => {
      if (!isErrorCode(code)) return '';
      const known = ADVICE_FOR[code];
      return known === undefined ? fillTemplate(ERRORS[code].remedy, params) : advice[known];
    },
    ago: (at, now) => {
      const past = at - now;
      const [name, size] = STEPS.find(([, length]) => Math.abs(past) >= length) ?? ['second', 1_000];
      return name === 'second'
        ? relative.format(past > 30_000 ? Math.round(past / 1_000) : 0, 'second')
        : relative.format(Math.trunc(past / size), name);
    },
    time: (at) => moment.format(at),
    duration: (ms) => (ms < 1_000 ? t('milliseconds', { n: Math.round(ms) }) : unit(ms / 1_000, 'second', 1)),
    bytes: (bytes) => {
      let step = 0;
      let left = bytes;
      while (left >= 1_000 && step < BYTES.length - 1) {
        left /= 1_000;
        step += 1;
      }
      return unit(left, BYTES[step] ?? 'byte', left < 10 && step > 0 ? 1 : 0);
    },
    number: (n) => number.format(n),
    list: (items) => new Intl.ListFormat(tag).format(items),
    listParts: (items) =>
      new Intl.ListFormat(tag)
        .formatToParts(items)
        .map(({ type, value }) => ({ isItem: type === 'element', text: value })),
    root: { lang: tag, dir: locale.direction },
  };
};

export const useTexts = (): Words => {
  const settings = useSettingsOfProvider();
  return useMemo(() => wordsIn(settings), [settings]);
};
