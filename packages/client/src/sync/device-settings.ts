import type { SyncSettings } from '@satchel/schema';

/** What the person chose on this device; kept in its database. */
export interface DeviceSettings {
  /** All but the urgent lane waits for Wi-Fi, unless a person asks for a run. */
  readonly wifiOnly: boolean;
  /** False: nothing at all goes by mobile data of itself, the urgent lane neither. */
  readonly mobileData: boolean;
  /** False: lanes that carry nothing but tables with media wait for Wi-Fi. */
  readonly mediaOnMobileData: boolean;
  /** For the app to read where it takes a picture. */
  readonly compressImages: boolean;
  /** Bytes a day after which all but the urgent lane waits; null: no cap. */
  readonly dailyBytes: number | null;
  /** The same for a calendar month (UTC). */
  readonly monthlyBytes: number | null;
}

/** What holds until the person chooses otherwise. */
export const defaultSettings = (sync: SyncSettings): DeviceSettings => ({
  wifiOnly: sync.wifiOnly,
  mobileData: true,
  mediaOnMobileData: true,
  compressImages: true,
  dailyBytes: sync.budget.dailyBytes ?? null,
  monthlyBytes: sync.budget.monthlyBytes ?? null,
});

/** The app's sync settings with the person's laid over them. */
export const withDeviceSettings = (sync: SyncSettings, chosen: DeviceSettings): SyncSettings => ({
  ...sync,
  wifiOnly: chosen.wifiOnly,
  budget: {
    ...(chosen.dailyBytes === null ? {} : { dailyBytes: chosen.dailyBytes }),
    ...(chosen.monthlyBytes === null ? {} : { monthlyBytes: chosen.monthlyBytes }),
  },
});
