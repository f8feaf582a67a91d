import type { App } from '@satchel/schema';
import { createContext, type ReactElement, type ReactNode, useContext, useMemo } from 'react';
import type { Preset } from './presets.ts';
import type { SatchelClient } from './satchel-client.ts';
import { enLocale } from './texts/english.ts';
import type { Locale, Texts } from './texts/text.ts';

/** Names of tables and fields as the app's people say them. */
export interface Labels {
  readonly tables?: Readonly<Record<string, string>>;
  /** By column name, or by `table.column` where a word depends on the table. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Names of people by their user id. */
  readonly people?: Readonly<Record<string, string>>;
}

export interface ProviderSettings {
  readonly locale: Locale;
  readonly preset: Preset;
  readonly labels: Labels;
  /** UTC milliseconds. */
  readonly now: () => number;
  /** IANA name of the zone in which times are shown; default the device's. */
  readonly timeZone: string | undefined;
}

const ClientContext = createContext<SatchelClient | null>(null);
const SettingsContext = createContext<ProviderSettings>({
  locale: enLocale,
  preset: 'plain',
  labels: {},
  now: Date.now,
  timeZone: undefined,
});

export interface SatchelProviderProps {
  readonly db: SatchelClient;
  /** Default English. */
  readonly locale?: Locale;
  /** Texts of the app's own, laid over those of the locale. */
  readonly texts?: Partial<Texts>;
  /** Whose words and states the components use. Default `plain`. */
  readonly preset?: Preset;
  readonly labels?: Labels;
  readonly now?: () => number;
  readonly timeZone?: string;
  readonly children: ReactNode;
}

const NO_LABELS: Labels = {};

/**
 * Gives a database to the hooks and components below it, and the language, words and
 * labels that they use.
 *
 * @example
 * ```tsx
 * <SatchelProvider db={db} locale={sw} preset="farm" labels={{ tables: { crops: 'Mazao' } }}>
 *   <SyncIndicator />
 * </SatchelProvider>
 * ```
 */
export const SatchelProvider = ({
  db,
  locale = enLocale,
  texts,
  preset = 'plain',
  labels = NO_LABELS,
  now = Date.now,
  timeZone,
  children,
}: SatchelProviderProps): ReactElement => {
  const settings = useMemo(
    () => ({
      locale: texts ? { ...locale, texts: { ...locale.texts, ...texts } } : locale,
      preset,
      labels,
      now,
      timeZone,
    }),
    [locale, texts, preset, labels, now, timeZone],
  );
  return (
    <ClientContext.Provider value={db}>
      <SettingsContext.Provider value={settings}>{children}</SettingsContext.Provider>
    </ClientContext.Provider>
  );
};

/** The database of the nearest provider. */
export const useSatchel = <A extends App = App>(): SatchelClient<A> => {
  const db = useContext(ClientContext);
  if (db === null) throw new Error('Hooks of Satchel need a SatchelProvider above them.');
  return db as unknown as SatchelClient<A>;
};

export const useSettingsOfProvider = (): ProviderSettings => useContext(SettingsContext);
