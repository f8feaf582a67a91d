import type { Subscription } from '@satchel/protocol';
import type { SyncRun, Written } from '../../engine.ts';
import type { DeviceSettings } from '../../sync/device-settings.ts';
import type { SyncFacts, SyncPort } from '../../sync/sync-port.ts';
import type { Face } from './face.ts';

/**
 * The sync loop as a tab reaches it in the leader's worker. What the tab asked of it is
 * asked again when the tab's own worker comes to lead: that one has a loop of its own.
 */
export class RemoteSync implements SyncPort {
  readonly #face: Face;
  #subscription: Subscription | undefined;
  #started = false;
  #busy = false;

  constructor(face: Face, subscription: Subscription | undefined) {
    this.#face = face;
    this.#subscription = subscription;
  }

  /** The own worker leads now; the leader before it said how it stood. */
  lead(): void {
    const { paused } = this.#face.loopFacts();
    if (this.#subscription) this.#tell('subscribe', this.#subscription);
    if (this.#started) this.#tell('start');
    if (paused) this.#tell('pause', true);
    if (this.#busy) this.#tell('busy', true);
  }

  get subscription(): Subscription | undefined {
    return this.#subscription;
  }

  start(): void {
    this.#started = true;
    this.#tell('start');
  }
  async stop(): Promise<void> {
    this.#started = false;
    await this.#face.ask('sync', 'stop', []);
  }
  pause(paused: boolean): void {
    this.#tell('pause', paused);
  }
  cancel(): void {
    this.#tell('cancel');
  }
  busy(busy: boolean): void {
    this.#busy = busy;
    this.#tell('busy', busy);
  }
  subscribe(subscription: Subscription | undefined): void {
    this.#subscription = subscription;
    this.#tell('subscribe', subscription);
  }
  renewed(token: string | null): void {
    this.#tell('renewed', token);
  }
  request(...[trigger, directions]: Parameters<SyncPort['request']>): void {
    this.#tell('request', trigger, directions);
  }
  now(): Promise<SyncRun | null> {
    return this.#face.ask('sync', 'now', []) as Promise<SyncRun | null>;
  }
  async idle(): Promise<void> {
    await this.#face.ask('sync', 'idle', []);
  }
  foreground(): void {
    this.#tell('foreground');
  }
  decided(): void {
    this.#tell('decided');
  }

  // The leader does these itself when it runs the call that they follow.
  wrote(_written: Written): void {}
  settingsChanged(_settings: DeviceSettings): void {}
  keepCounts(): void {}

  facts(): SyncFacts {
    return this.#face.loopFacts();
  }

  /** The loop is the leader's: it ends with it. */
  async close(): Promise<void> {}

  #tell(method: keyof SyncPort, ...args: readonly unknown[]): void {
    this.#face.ask('sync', method, args).catch(() => {
      // The database was closed, or the leader is silent: the next one starts anew.
    });
  }
}
