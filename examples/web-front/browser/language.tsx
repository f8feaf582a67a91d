import { ar, en, hi, type Locale, useTexts } from '@satchel/react';
import { createContext, type ReactElement, type ReactNode, useContext, useEffect, useState } from 'react';

/** The languages of the fronts: texts of an app are told in each of them. */
export const LANGUAGES = ['en', 'hi', 'ar'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each in its own name. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  en: 'English',
  hi: 'हिन्दी',
  ar: 'العربية',
};

/** The package's own texts, by the same switch. */
export const LOCALES: Readonly<Record<Language, Locale>> = { en, hi, ar };

/** Every text of an app in every language: one that is missing does not compile. */
export type TextTable<Name extends string> = Readonly<Record<Language, Readonly<Record<Name, string>>>>;

const PLACE = 'language';

const isLanguage = (value: string | undefined | null): value is Language =>
  LANGUAGES.some((language) => language === value);

/** What was chosen here, else the first language of the browser that is there, else English. */
export const firstLanguage = (): Language => {
  const kept = localStorage.getItem(PLACE);
  if (isLanguage(kept)) return kept;
  return navigator.languages.map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en';
};

interface Chosen {
  readonly language: Language;
  readonly choose: (language: Language) => void;
}

const LanguageContext = createContext<Chosen>({ language: 'en', choose: () => {} });

export const useLanguage = (): Chosen => useContext(LanguageContext);

/** Holds the language of the window: the document's direction follows it. */
export const LanguageProvider = ({
  children,
}: {
  readonly children: (language: Language) => ReactNode;
}): ReactElement => {
  const [language, setLanguage] = useState(firstLanguage);
  useEffect(() => {
    const { direction, tag } = LOCALES[language];
    document.documentElement.lang = tag;
    document.documentElement.dir = direction;
  }, [language]);
  const choose = (next: Language): void => {
    localStorage.setItem(PLACE, next);
    setLanguage(next);
  };
  return <LanguageContext value={{ language, choose }}>{children(language)}</LanguageContext>;
};

/** A text by its name; `{n}` and others are filled, numbers as the language writes them. */
export type Say<Name extends string> = (
  name: Name,
  params?: Readonly<Record<string, string | number>>,
) => string;

/**
 * The hook by which an app says its texts.
 *
 * @example
 * ```ts
 * export const useSay = saying(TEXTS);
 * const say = useSay();
 * say('left', { n: 3 }); // '3 left'
 * ```
 */
export const saying =
  <Name extends string>(table: TextTable<Name>) =>
  (): Say<Name> => {
    const { language } = useLanguage();
    const { number } = useTexts();
    return (name, params = {}) =>
      table[language][name].replace(/\{(\w+)\}/g, (whole, param: string) => {
        const value = params[param];
        return value === undefined ? whole : typeof value === 'number' ? number(value) : value;
      });
  };
