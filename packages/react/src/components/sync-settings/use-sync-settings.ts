import { type DeviceSettings, mediaLanes, type SyncStatus } from '@satchel/client';
import { SatchelError } from '@satchel/protocol';
import { useState } from 'react';
import { useDeviceSettings } from '../../hooks/use-device-settings.ts';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import { useSatchel } from '../../provider.tsx';
import { useWork, type Work } from '../parts/use-work.ts';

const HOUR = 3_600_000;

export interface SyncSettingsModel {
  readonly status: SyncStatus | undefined;
  readonly settings: DeviceSettings;
  /** Some of the app's lanes carry photos and the like alone: they can wait by themselves. */
  readonly hasMediaLane: boolean;
  readonly choose: (choices: Partial<DeviceSettings>) => void;
  /** Ends when both directions have caught up; a second press starts no second run. */
  readonly sync: Work;
  /** True while a person is asked whether this sync may use mobile data. */
  readonly asksForData: boolean;
  readonly syncNow: () => void;
  readonly useData: () => void;
  readonly dontUseData: () => void;
  /** Calls the run under way off. */
  readonly cancel: () => void;
  readonly pause: (forHour: boolean) => void;
  readonly resume: () => void;
  readonly tables: readonly { readonly name: string; readonly kept: boolean }[];
  readonly keep: (table: string, kept: boolean) => void;
}

/** What the person may choose about sync, and do about it now. */
export const useSyncSettings = (): SyncSettingsModel => {
  const db = useSatchel();
  const status = useSyncStatus();
  const [settings, set] = useDeviceSettings();
  const [asksForData, setAsks] = useState(false);
  const [kept, setKept] = useState(() => db.sync.subscription()?.tables);
  const sync = useWork(async () => {
    const run = await db.sync.now();
    if (run?.problem && !run.problem.code.startsWith('network_'))
      throw new SatchelError(run.problem.code as SatchelError['code'], run.problem.params);
  });
  const all = Object.keys(db.app.tables);
  return {
    status,
    settings,
    hasMediaLane: mediaLanes(db.app).length > 0,
    choose: (choices) => {
      set(choices).catch(() => {
        // The database was closed; the choice goes with it.
      });
    },
    sync,
    asksForData,
    syncNow: () => {
      if (!settings.mobileData && status?.networkKind === 'cellular') setAsks(true);
      else sync.start();
    },
    useData: () => {
      setAsks(false);
      sync.start();
    },
    dontUseData: () => setAsks(false),
    cancel: () => db.sync.cancel(),
    pause: (forHour) => (forHour ? db.sync.pause(HOUR) : db.sync.pause()),
    resume: () => db.sync.resume(),
    tables: all.map((name) => ({ name, kept: kept?.includes(name) ?? true })),
    keep: (table, keeps) => {
      const next = all.filter((name) => (name === table ? keeps : (kept?.includes(name) ?? true)));
      setKept(next);
      const { tables: _, ...rest } = db.sync.subscription() ?? {};
      db.sync.subscribe(next.length === all.length ? rest : { ...rest, tables: next });
    },
  };
};
