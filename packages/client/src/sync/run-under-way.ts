import type { SyncRun, TakenIn } from '../engine.ts';
import type { Failure } from './failure.ts';
import type { Meter } from './meter.ts';
import type { Trigger } from './trigger.ts';

export interface RunBegun {
  readonly trigger: Trigger;
  readonly startedAt: number;
  readonly abort: AbortController;
  /** A person asked for it: Wi-Fi, budgets and quiet hours do not hold it. */
  readonly byHand: boolean;
}

/** A run of the sync loop while it goes: what asked for it, what it has carried, what stopped it. */
export class RunUnderWay {
  readonly trigger: Trigger;
  readonly startedAt: number;
  byHand: boolean;
  failure: Failure | null = null;
  readonly #abort: AbortController;
  readonly #meter: Meter;
  readonly #meterMark: { readonly sent: number; readonly received: number };
  #rowsDown = 0;
  #mutationsUp = 0;
  readonly #outcomes: Record<string, number> = {};

  constructor({ trigger, startedAt, abort, byHand }: RunBegun, meter: Meter) {
    this.trigger = trigger;
    this.startedAt = startedAt;
    this.byHand = byHand;
    this.#abort = abort;
    this.#meter = meter;
    this.#meterMark = meter.totals();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isCalledOff(): boolean {
    return this.#abort.signal.aborted;
  }

  get rowsDown(): number {
    return this.#rowsDown;
  }

  callOff(): void {
    this.#abort.abort();
  }

  tookRows(rows: number): void {
    this.#rowsDown += rows;
  }

  tookAnswers(taken: TakenIn, sent: number): void {
    this.#mutationsUp += sent;
    for (const { outcome } of taken.outcomes) this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
  }

  /** As the history keeps it. */
  record(endedAt: number): SyncRun {
    const totals = this.#meter.totals();
    return {
      startedAt: this.startedAt,
      endedAt,
      trigger: this.trigger,
      sent: totals.sent - this.#meterMark.sent,
      received: totals.received - this.#meterMark.received,
      rowsDown: this.#rowsDown,
      mutationsUp: this.#mutationsUp,
      outcomes: this.#outcomes,
      ...(this.failure ? { problem: this.failure.problem } : {}),
    };
  }
}
