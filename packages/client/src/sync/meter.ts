import type { Clock, Scheduler, Timer } from '@satchel/core';
import type { MeterEntry } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import type { Metered } from './transport.ts';

/** Milliseconds that counts may wait in memory before they are kept. */
const KEEP_AFTER = 5_000;

/**
 * Counts the bytes on the wire by day, traffic, direction and action. Counts are
 * kept in the database at the end of a run, or after a moment; budgets read them at
 * once.
 */
export class Meter {
  readonly #port: EnginePort;
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #fresh = new Map<string, MeterEntry>();
  #bytesByDay: Map<string, number>;
  #sent = 0;
  #received = 0;
  #timer: Timer | null = null;

  /** `kept`: entries of this month, from the database. */
  constructor(port: EnginePort, clock: Clock, scheduler: Scheduler, kept: readonly MeterEntry[]) {
    this.#port = port;
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#bytesByDay = new Map();
    for (const { day, bytes } of kept) this.#bytesByDay.set(day, (this.#bytesByDay.get(day) ?? 0) + bytes);
  }

  count(traffic: MeterEntry['traffic'], action: string, bytes: Metered): void {
    this.#sent += bytes.sent;
    this.#received += bytes.received;
    this.#add({ day: this.#day(), traffic, direction: 'up', action, bytes: bytes.sent });
    this.#add({ day: this.#day(), traffic, direction: 'down', action, bytes: bytes.received });
    this.#timer ??= this.#scheduler.after(KEEP_AFTER, () => this.flush());
  }

  /** Bytes since the database was opened. */
  totals(): { readonly sent: number; readonly received: number } {
    return { sent: this.#sent, received: this.#received };
  }

  today(): number {
    return this.#bytesByDay.get(this.#day()) ?? 0;
  }

  thisMonth(): number {
    const month = this.#day().slice(0, 7);
    let sum = 0;
    for (const [day, bytes] of this.#bytesByDay) if (day.startsWith(month)) sum += bytes;
    return sum;
  }

  /** Writes what was counted to the database. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const entries = [...this.#fresh.values()];
    this.#fresh.clear();
    for (const entry of entries)
      this.#port.call('meter', entry).catch(() => {
        // The database was closed; counts of the last moments go with it.
      });
  }

  #add(entry: MeterEntry): void {
    if (entry.bytes === 0) return;
    const name = `${entry.day} ${entry.traffic} ${entry.direction} ${entry.action}`;
    const before = this.#fresh.get(name)?.bytes ?? 0;
    this.#fresh.set(name, { ...entry, bytes: before + entry.bytes });
    this.#bytesByDay.set(entry.day, (this.#bytesByDay.get(entry.day) ?? 0) + entry.bytes);
  }

  #day(): string {
    return new Date(this.#clock.now()).toISOString().slice(0, 10);
  }
}
