import type { Json } from '@satchel/protocol';
import { expect, it } from 'vitest';
import type { EnginePort } from '../engine-port.ts';
import type { DeviceSettings } from '../sync/device-settings.ts';
import { keptSettings, settingsOf } from './settings.ts';

const DEFAULTS: DeviceSettings = {
  wifiOnly: false,
  mobileData: true,
  mediaOnMobileData: true,
  compressImages: true,
  dailyBytes: null,
  monthlyBytes: null,
};

/** The settings of one database, which two tabs reach. */
const database = (): EnginePort => {
  const kept = new Map<string, Json>();
  const call = async (method: string, name: string, value?: Json) => {
    if (method === 'setSetting') kept.set(name, value ?? null);
    return kept.get(name) ?? null;
  };
  return { call, settled: async () => {}, close: async () => {} } as unknown as EnginePort;
};

it('[SYNC-67] what one tab chose stays when another, opened before, chooses something else', async () => {
  const port = database();
  const [one, two] = [1, 2].map(() => settingsOf(port, DEFAULTS, () => {}));
  await one?.set({ wifiOnly: true });
  await Promise.all([two?.set({ dailyBytes: 5 }), two?.set({ mobileData: false })]);
  expect(await keptSettings(port, DEFAULTS)).toEqual({
    ...DEFAULTS,
    wifiOnly: true,
    dailyBytes: 5,
    mobileData: false,
  });
  // What was chosen here shows at once.
  expect(two?.get()).toMatchObject({ dailyBytes: 5, mobileData: false });
});
