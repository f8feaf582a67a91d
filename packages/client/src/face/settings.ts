import type { Json } from '@satchel/protocol';
import type { EnginePort } from '../engine-port.ts';
import type { DeviceSettings } from '../sync/device-settings.ts';

/** What the person chose about sync on this device. */
export interface Settings {
  get(): DeviceSettings;
  /** Lays choices over those of before; they hold at once and after a restart. */
  set(choices: Partial<DeviceSettings>): Promise<void>;
}

const NAME = 'device-settings';

/** Choices that were kept, laid over the defaults; of another version's, only what is known. */
export const keptSettings = async (port: EnginePort, defaults: DeviceSettings): Promise<DeviceSettings> => {
  const kept = await port.call('getSetting', NAME);
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return defaults;
  const known = Object.entries(kept).filter(([name]) => Object.hasOwn(defaults, name));
  return { ...defaults, ...Object.fromEntries(known) };
};

export const settingsOf = (
  port: EnginePort,
  opened: DeviceSettings,
  chosen: (settings: DeviceSettings) => void,
): Settings => {
  let settings = opened;
  let saved: Promise<unknown> = Promise.resolve();
  return {
    get: () => settings,
    set(choices) {
      settings = { ...settings, ...choices };
      chosen(settings);
      const save = async (): Promise<void> => {
        // Another tab may have chosen since this one was opened: what it chose stays.
        const kept = await keptSettings(port, opened);
        await port.call('setSetting', NAME, { ...kept, ...choices } as Json);
      };
      const saving = saved.then(save, save);
      saved = saving;
      return saving;
    },
  };
};
