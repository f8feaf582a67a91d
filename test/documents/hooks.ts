import type { DocumentHooks } from '@satchel/client/documents';
import { systemRandom } from '@satchel/client/node';
import type { Clock } from '@satchel/core';

export interface Heard {
  readonly hooks: DocumentHooks;
  readonly log: string[];
  readonly toasts: string[];
  readonly failed: string[];
  readonly alerts: { title: string; message: string; buttons: string[] }[];
  /** Which button the person presses; the first by default, `-1` for none. */
  press: number;
  /** Tells whoever listens to the network. */
  connected(isConnected: boolean | null): void;
}

/** What the documents' code finds around itself, and what it said. */
export const heardBy = (clock: Clock): Heard => {
  const log: string[] = [];
  const listeners = new Set<(state: { readonly isConnected: boolean | null }) => void>();
  const heard: Heard = {
    log,
    toasts: [],
    failed: [],
    alerts: [],
    press: 0,
    connected: (isConnected) => {
      for (const listener of listeners) listener({ isConnected });
    },
    hooks: {
      platform: { clock, random: systemRandom },
      given: {
        products: { storeId: '1' },
        reports: { storeId: '1' },
        submissions: { storeId: '1' },
        profile: { storeId: '1' },
      },
      logger: {
        debug: (text) => log.push(`debug ${text}`),
        info: (text) => log.push(`info ${text}`),
        error: (text) => log.push(`error ${text}`),
      },
      netInfo: {
        addEventListener: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      alert: {
        alert: (title, message, buttons) => {
          heard.alerts.push({ title, message, buttons: buttons.map(({ text }) => text) });
          buttons[heard.press]?.onPress();
        },
      },
      showToast: (text) => heard.toasts.push(text),
      onFailed: (item, code) => heard.failed.push(`${item.record_id} ${code}`),
    },
  };
  return heard;
};
