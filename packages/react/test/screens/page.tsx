import '../../satchel.css';
import {
  type DeviceSettings,
  type NetworkSource,
  type NetworkState,
  openSatchel,
  type Satchel,
} from '@satchel/client';
import { browserPlatform } from '@satchel/client/browser';
import type { App } from '@satchel/schema';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';
import { type Preset, type SatchelClient, SatchelProvider } from '../../src/index.ts';
import app from './field-app.ts';
import { SCREENS, type ScreenName } from './screens.tsx';

export interface OpenField {
  readonly server: string;
  readonly user: string;
  readonly token: string;
  readonly device: string;
}

let db: Satchel | undefined;
let root: Root | undefined;
let token: string | null = null;
const given = (): Satchel => {
  if (!db) throw new Error('not open');
  return db;
};

/** A network that a test switches. */
let network: NetworkState = { online: true, kind: 'wifi' };
const heard = new Set<(state: NetworkState) => void>();
const source: NetworkSource = {
  state: () => network,
  onChange: (listener) => {
    heard.add(listener);
    return () => heard.delete(listener);
  },
};

const field = {
  async open(options: OpenField): Promise<string> {
    token = options.token;
    db = await openSatchel({
      app: app as App,
      platform: browserPlatform({
        network: source,
        worker: () => new Worker(new URL('./field.worker.ts', import.meta.url), { type: 'module' }),
      }),
      server: options.server,
      user: { id: options.user },
      device: { name: options.device, platform: 'web' },
      token: () => token,
    });
    return db.clientId;
  },
  network(state: NetworkState): void {
    network = state;
    for (const listener of heard) listener(state);
  },
  async token(next: string): Promise<void> {
    token = next;
    await given().sync.renewed();
  },
  show(screen: ScreenName, preset: Preset = 'plain'): void {
    const Screen = SCREENS[screen];
    root?.unmount();
    root = createRoot(document.getElementById('root') as HTMLElement);
    flushSync(() =>
      root?.render(
        <SatchelProvider
          db={given() as unknown as SatchelClient}
          preset={preset}
          labels={{ fields: { acreage: 'Acres', plantedOn: 'Planted on' }, people: { ana: 'Ana' } }}
        >
          <Screen />
        </SatchelProvider>,
      ),
    );
  },
  async write(sql: string, ...parameters: readonly unknown[]): Promise<void> {
    await given().write([{ sql, parameters }]);
  },
  all: (sql: string) => given().all(sql),
  status: () => given().status(),
  settings: () => given().settings.get(),
  choose: (choices: Partial<DeviceSettings>) => given().settings.set(choices),
  async now(): Promise<void> {
    await given().sync.now();
  },
  async discardAll(): Promise<void> {
    for (const { mutationId } of await given().quarantine.list())
      await given().quarantine.discard(mutationId);
  },
  /** Saves a write beside the database, as a tab does whose leader is silent. */
  async saveBeside(id: string, sql: string): Promise<void> {
    const opening = indexedDB.open('satchel', 1);
    await new Promise((done) => {
      opening.onsuccess = done;
    });
    const transaction = opening.result.transaction('journal', 'readwrite');
    transaction
      .objectStore('journal')
      .add({ database: given().name, id, method: 'write', args: [[{ sql }]], at: Date.now() });
    await new Promise((done) => {
      transaction.oncomplete = done;
    });
    opening.result.close();
  },
  quarantined: async () => (await given().quarantine.list()).length,
  runs: async () => (await given().history(50)).length,
  usage: (sinceDay: string) => given().usage(sinceDay),
};

export type Field = typeof field;
Object.assign(globalThis, { field });
