import type { MeterEntry } from '@satchel/client';
import { type ReactElement, useId, useState } from 'react';
import { useDataUsage } from '../../hooks/use-data-usage.ts';
import { useDeviceSettings } from '../../hooks/use-device-settings.ts';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import { Icon } from '../../icons.tsx';
import type { TextName } from '../../texts/text.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { Switch } from '../parts/switch.tsx';
import { actionText } from './action-text.ts';

const PERIODS = [
  [1, 'usageToday'],
  [7, 'usage7'],
  [30, 'usage30'],
] as const satisfies readonly (readonly [1 | 7 | 30, TextName])[];

const TRAFFIC: Readonly<Record<MeterEntry['traffic'], TextName>> = {
  data: 'trafficData',
  alerts: 'trafficAlerts',
  media: 'trafficMedia',
  advisories: 'trafficAdvisories',
};

/** Bytes that a person may choose as a limit; null is none. */
const CAPS = [null, 1_000_000, 5_000_000, 20_000_000, 100_000_000, 500_000_000] as const;
const ACTIONS_SHOWN = 5;

export interface DataUsageProps {
  /**
   * The app reads `settings.compressImages` where it takes a picture: lets the person
   * choose it. Default false, for Satchel itself makes no picture smaller.
   */
  readonly compressesImages?: boolean;
}

/** What sync has used on the wire, by kind and action, the limits, and what stops at them. */
export const DataUsage = ({ compressesImages = false }: DataUsageProps): ReactElement => {
  const [days, setDays] = useState<1 | 7 | 30>(7);
  const usage = useDataUsage(days);
  const words = useTexts();
  const { t, bytes, root } = words;
  return (
    <section className="satchel satchel-usage" aria-label={t('usageTitle')} {...root}>
      <header className="satchel-row satchel-section-head">
        <h2>{t('usageTitle')}</h2>
        <fieldset className="satchel-segments">
          <legend className="satchel-unseen">{t('usagePeriod')}</legend>
          {PERIODS.map(([length, text]) => (
            <button key={length} type="button" aria-pressed={days === length} onClick={() => setDays(length)}>
              {t(text)}
            </button>
          ))}
        </fieldset>
      </header>
      <p className="satchel-figure">
        <strong>{bytes(usage.total)}</strong>
        <span>
          <Icon name="up" /> {`${t('historySent')} ${bytes(usage.up)}`}
        </span>
        <span>
          <Icon name="down" /> {`${t('historyReceived')} ${bytes(usage.down)}`}
        </span>
      </p>
      {usage.total === 0 ? (
        <p className="satchel-empty">
          <Icon name="info" />
          <span>{t('usageNothing')}</span>
        </p>
      ) : null}
      <Bars
        title={t('usageTraffic')}
        bars={usage.byTraffic.map(({ name, bytes: used }) => ({ name: t(TRAFFIC[name]), bytes: used }))}
      />
      <Bars
        title={t('usageActions')}
        bars={byText(usage.byAction, (name) => actionText(name, words)).slice(0, ACTIONS_SHOWN)}
      />
      <Limits compressesImages={compressesImages} />
    </section>
  );
};

/** Several actions may have one name for people. */
const byText = (
  entries: readonly { readonly name: string; readonly bytes: number }[],
  textOf: (name: string) => string,
): readonly { readonly name: string; readonly bytes: number }[] => {
  const totals = new Map<string, number>();
  for (const { bytes, name } of entries) totals.set(textOf(name), (totals.get(textOf(name)) ?? 0) + bytes);
  return [...totals].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
};

/** A chart that is a list: every bar says its figure. */
const Bars = ({
  title,
  bars,
}: {
  readonly title: string;
  readonly bars: readonly { readonly name: string; readonly bytes: number }[];
}): ReactElement | null => {
  const { bytes } = useTexts();
  const most = Math.max(1, ...bars.map((bar) => bar.bytes));
  if (bars.length === 0) return null;
  return (
    <section className="satchel-card">
      <h3>{title}</h3>
      <ul className="satchel-bars">
        {bars.map((bar) => (
          <li key={bar.name}>
            <span className="satchel-bar-name">{bar.name}</span>
            <span className="satchel-bar-value">{bytes(bar.bytes)}</span>
            <span className="satchel-bar" aria-hidden="true">
              <span style={{ inlineSize: `${(bar.bytes / most) * 100}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
};

const Limits = ({ compressesImages }: Required<DataUsageProps>): ReactElement => {
  const [settings, choose] = useDeviceSettings();
  const status = useSyncStatus();
  const { t } = useTexts();
  const { compressImages, dailyBytes, monthlyBytes } = settings;
  const chosen = (choices: Partial<typeof settings>): void => {
    choose(choices).catch(() => {
      // The database was closed; the choice goes with it.
    });
  };
  return (
    <section className="satchel-card">
      <h3>{t('limitBackground')}</h3>
      <Cap
        label={t('capDaily')}
        cap={dailyBytes}
        used={status?.bytesToday ?? 0}
        change={(bytes) => chosen({ dailyBytes: bytes })}
      />
      <Cap
        label={t('capMonthly')}
        cap={monthlyBytes}
        used={status?.bytesThisMonth ?? 0}
        change={(bytes) => chosen({ monthlyBytes: bytes })}
      />
      <p className="satchel-hint satchel-with-icon">
        <Icon name="info" />
        <span>{t('capStops')}</span>
      </p>
      {compressesImages ? (
        <Switch
          label={t('compressImages')}
          says={t(compressImages ? 'compressOn' : 'compressOff')}
          on={compressImages}
          change={(on) => chosen({ compressImages: on })}
        />
      ) : null}
    </section>
  );
};

const Cap = ({
  label,
  cap,
  used,
  change,
}: {
  readonly label: string;
  readonly cap: number | null;
  readonly used: number;
  readonly change: (bytes: number | null) => void;
}): ReactElement => {
  const { t, bytes } = useTexts();
  const name = useId();
  const choices = CAPS.includes(cap as (typeof CAPS)[number]) ? CAPS : [...CAPS, cap];
  const reached = cap !== null && used >= cap;
  return (
    <div className="satchel-cap" data-reached={reached || undefined}>
      <label htmlFor={name}>{label}</label>
      <select
        id={name}
        value={String(cap)}
        onChange={({ currentTarget: { value } }) => change(value === 'null' ? null : Number(value))}
      >
        {choices.map((one) => (
          <option key={String(one)} value={String(one)}>
            {one === null ? t('capNone') : bytes(one)}
          </option>
        ))}
      </select>
      {cap === null ? null : (
        <>
          <meter min={0} max={cap} value={Math.min(used, cap)} aria-label={label} />
          <span className="satchel-detail">
            {reached ? <Icon name="paused" /> : null}
            {t('capUsed', { used: bytes(used), cap: bytes(cap) })}
          </span>
        </>
      )}
    </div>
  );
};
