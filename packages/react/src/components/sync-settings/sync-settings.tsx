import { type ReactElement, useEffect, useRef, useState } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { Switch } from '../parts/switch.tsx';
import { ClearCache } from './clear-cache.tsx';
import { Diagnostics } from './diagnostics.tsx';
import { SyncHistory } from './sync-history.tsx';
import { nextSend } from './use-next-send.ts';
import { type SyncSettingsModel, useSyncSettings } from './use-sync-settings.ts';

export interface SyncSettingsProps {
  /** Lets the person leave tables out of this device. Default false. */
  readonly choosesTables?: boolean;
  /** Begins with the history open. */
  readonly historyOpen?: boolean;
}

/** All that a person may choose about sync on this device, what happens next, and what happened. */
export const SyncSettings = ({
  choosesTables = false,
  historyOpen = false,
}: SyncSettingsProps): ReactElement => {
  const model = useSyncSettings();
  const words = useTexts();
  const now = useNow();
  const [history, setHistory] = useState(historyOpen);
  const { t, root } = words;
  const { settings, status, sync } = model;
  const isPaused = status?.paused ?? false;
  const actions = useRef<HTMLDivElement>(null);
  const wasPaused = useRef(isPaused);
  useEffect(() => {
    if (wasPaused.current === isPaused) return;
    wasPaused.current = isPaused;
    // The button that was pressed gave way to its opposite: focus goes on there.
    if (document.activeElement === document.body) actions.current?.querySelector('button')?.focus();
  }, [isPaused]);
  return (
    <section className="satchel satchel-settings" aria-label={t('settingsTitle')} {...root}>
      <h2>{t('settingsTitle')}</h2>
      <div className="satchel-next">
        <p>
          <strong>{t('nextTitle')}</strong>
          <span role="status">{status ? nextSend(status, words, now) : t('unknownValue')}</span>
        </p>
        <div className="satchel-row">
          <Button look="main" icon="refresh" busy={sync.busy} onClick={model.syncNow}>
            {sync.busy ? t('phaseSyncing') : t('syncNow')}
          </Button>
          {sync.busy ? (
            <Button look="quiet" icon="close" onClick={model.cancel}>
              {t('cancel')}
            </Button>
          ) : null}
        </div>
      </div>
      {sync.problem ? <ProblemNote problem={sync.problem} /> : null}
      {model.asksForData ? <AskForData model={model} /> : null}
      <div className="satchel-card">
        <Switch
          label={t('wifiOnly')}
          says={t(settings.wifiOnly ? 'wifiOnlyOn' : 'wifiOnlyOff')}
          on={settings.wifiOnly}
          change={(wifiOnly) => model.choose({ wifiOnly })}
        />
        <Switch
          label={t('mobileData')}
          says={t(settings.mobileData ? 'mobileDataOn' : 'mobileDataOff')}
          on={settings.mobileData}
          change={(mobileData) => model.choose({ mobileData })}
        />
        {model.hasMediaLane ? (
          <Switch
            label={t('mediaOnMobile')}
            says={t(settings.mediaOnMobileData ? 'mediaOnMobileOn' : 'mediaOnMobileOff')}
            on={settings.mediaOnMobileData}
            change={(mediaOnMobileData) => model.choose({ mediaOnMobileData })}
          />
        ) : null}
        {status?.networkKind === 'unknown' ? (
          <p className="satchel-hint satchel-with-icon">
            <Icon name="info" />
            <span>{t('networkUnknown')}</span>
          </p>
        ) : null}
      </div>
      {choosesTables ? <ChooseTables model={model} /> : null}
      <div ref={actions} className="satchel-actions">
        {isPaused ? (
          <Button icon="syncing" onClick={model.resume}>
            {t('resume')}
          </Button>
        ) : (
          <>
            <Button icon="paused" onClick={() => model.pause(true)}>
              {t('pauseHour')}
            </Button>
            <Button icon="paused" onClick={() => model.pause(false)}>
              {t('pauseOpen')}
            </Button>
          </>
        )}
        <Button icon="history" aria-expanded={history} onClick={() => setHistory(!history)}>
          {t('viewHistory')}
        </Button>
        <ClearCache />
      </div>
      {history ? <SyncHistory /> : null}
      <Diagnostics />
    </section>
  );
};

const AskForData = ({ model }: { readonly model: SyncSettingsModel }): ReactElement => {
  const { t } = useTexts();
  return (
    <div className="satchel-note satchel-note-warning" role="alert">
      <Icon name="info" />
      <div>
        <strong>{t('askMobileData')}</strong>
        <div className="satchel-row">
          <Button look="main" onClick={model.useData}>
            {t('useMobileData')}
          </Button>
          <Button look="quiet" onClick={model.dontUseData}>
            {t('cancel')}
          </Button>
        </div>
      </div>
    </div>
  );
};

const ChooseTables = ({ model: { keep, tables } }: { readonly model: SyncSettingsModel }): ReactElement => {
  const { t, table } = useTexts();
  return (
    <fieldset className="satchel-card satchel-choose">
      <legend>{t('chooseTitle')}</legend>
      <p>{t('chooseHelp')}</p>
      {tables.map(({ kept, name }) => (
        <label key={name} className="satchel-check">
          <input
            type="checkbox"
            checked={kept}
            onChange={(event) => keep(name, event.currentTarget.checked)}
          />
          <span>{table(name)}</span>
        </label>
      ))}
    </fieldset>
  );
};
