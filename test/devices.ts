import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpTransport, openSatchel, type Satchel, type Transport } from '@satchel/client';
import { nodePlatform } from '@satchel/client/node';
import type { App } from '@satchel/schema';
import { signToken, systemClock } from '@satchel/server';

export const SECRET = 'the secret of the whole-system tests, 32 bytes and more';

/** A real client of a test: its own folder, its own user, HTTP and WebSocket. */
export interface Device {
  readonly name: string;
  readonly db: Satchel;
  /** Pages that came over the live socket so far. */
  readonly livePages: () => number;
  /** Closes it and removes its folder. */
  remove(): Promise<void>;
}

export const openDevice = async (given: {
  readonly app: App;
  readonly server: string;
  readonly name: string;
  readonly claims: Record<string, string | string[]>;
  /** False: the device never hears of news by itself, it has to ask. */
  readonly live: boolean;
  readonly onCrash: (error: unknown) => void;
}): Promise<Device> => {
  const directory = await mkdtemp(join(tmpdir(), 'satchel-device-'));
  const platform = nodePlatform({ directory });
  const token = await signToken(
    SECRET,
    { userId: given.name, claims: given.claims, lifetime: 7_200 },
    systemClock,
  );
  let livePages = 0;
  const { exchange, openSocket } = platform;
  const http = httpTransport({ server: given.server, token: () => token, exchange, openSocket });
  const transport: Transport = {
    ...http,
    live: (open) =>
      given.live
        ? http.live({
            ...open,
            page: (lines) => {
              livePages += 1;
              open.page(lines);
            },
          })
        : { resume: () => {}, token: () => {}, close: () => {} },
  };
  const db = await openSatchel({
    app: given.app,
    platform,
    server: given.server,
    user: { id: given.name },
    token: () => token,
    transport,
    onCrash: given.onCrash,
  });
  return {
    name: given.name,
    db,
    livePages: () => livePages,
    remove: async () => {
      await db.close();
      await platform.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

/** The shares of a list of numbers, for figures: `p50 3, p95 12, max 40`. */
export const shares = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return `p50 ${Math.round(at(0.5))}, p95 ${Math.round(at(0.95))}, max ${Math.round(at(1))}`;
};
