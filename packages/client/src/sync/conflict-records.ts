import { type Outcome, SatchelError } from '@satchel/protocol';
import type { EngineFacts } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import type { Transport } from './transport.ts';

/**
 * The server's records of conflicts: what lies behind work of this device that waits for
 * a person, or lost. They are asked for by each run until all are settled.
 */
export class ConflictRecords {
  readonly #port: EnginePort;
  readonly #transport: Transport;
  #areWanted: boolean;

  constructor(port: EnginePort, transport: Transport, { review, openConflicts }: EngineFacts) {
    this.#port = port;
    this.#transport = transport;
    this.#areWanted = review > 0 || openConflicts > 0;
  }

  /** The server has more to tell. */
  get areWanted(): boolean {
    return this.#areWanted;
  }

  heard(outcomes: readonly Outcome[]): void {
    this.#areWanted ||= outcomes.some(({ outcome }) => outcome === 'review' || outcome === 'superseded');
  }

  async ask(clientId: string, signal: AbortSignal): Promise<void> {
    this.#areWanted = false;
    try {
      const { conflicts } = await this.#transport.conflicts(clientId, signal);
      await this.#port.call('takeConflicts', conflicts);
      this.#areWanted ||= conflicts.some(({ state }) => state !== 'settled');
    } catch (error) {
      if (!(error instanceof SatchelError)) throw error;
      // Only the records are late: the next run asks again.
      this.#areWanted = true;
    }
  }
}
