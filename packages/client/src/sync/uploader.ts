import { type Clock, hlcToText } from '@satchel/core';
import { type ClientReport, PROTOCOL_VERSION, type PushResponse } from '@satchel/protocol';
import type { BatchSettings } from '@satchel/schema';
import type { TakenIn } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import { type Failure, failureOf } from './failure.ts';
import type { Transport } from './transport.ts';

/** Answers `needs-earlier` that bring nothing forward before the loop gives the rest of the run up. */
const MAX_FRUITLESS = 3;

export interface UploaderGiven {
  readonly port: EnginePort;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly schemaVersion: number;
  readonly clientReport: () => ClientReport;
  /** Asked before each batch: lanes that may go, none when the run is over. */
  readonly lanes: () => readonly string[];
  readonly batchOf: (lane: string) => BatchSettings;
  readonly took: (taken: TakenIn, sent: number, response: PushResponse) => void;
}

/**
 * Drains the outbox, batch by batch. Batches shrink by half on time-outs and where
 * the road is too narrow, and grow back by doubling.
 */
export class Uploader {
  readonly #given: UploaderGiven;
  /** Share of a full batch that the road carries now. */
  #share = 1;

  constructor(given: UploaderGiven) {
    this.#given = given;
  }

  /** Returns what stopped it, `null` when nothing is left that may go. */
  async drain(signal: AbortSignal): Promise<Failure | null> {
    const { port, transport, clock } = this.#given;
    let upTo: { readonly runId: string; readonly seq: number } | undefined;
    let fruitless = 0;
    for (;;) {
      const lanes = this.#given.lanes();
      const first = lanes[0];
      if (first === undefined || signal.aborted) return null;
      const size = this.#given.batchOf(first);
      const batch = await port.call('takeBatch', {
        lanes,
        maxItems: Math.max(1, Math.floor(size.maxItems * this.#share)),
        maxBytes: Math.max(1, Math.floor(size.maxBytes * this.#share)),
        ...(upTo ? { upTo } : {}),
      });
      if (!batch) return null;
      let response: PushResponse;
      try {
        response = await transport.push(
          {
            protocolVersion: PROTOCOL_VERSION,
            schemaVersion: this.#given.schemaVersion,
            batchId: batch.batchId,
            clientId: batch.clientId,
            runId: batch.runId,
            sentAt: hlcToText({ millis: clock.now(), counter: 0, nodeId: batch.clientId }),
            client: this.#given.clientReport(),
            ...(batch.renamedFrom === undefined ? {} : { renamedFrom: batch.renamedFrom }),
            ...(batch.outstandingFrom === undefined ? {} : { outstandingFrom: batch.outstandingFrom }),
            mutations: [...batch.mutations],
          },
          signal,
        );
      } catch (error) {
        const failure = failureOf(error);
        const halved = failure.reaction === 'smaller' && batch.mutations.length > 1;
        if (failure.reaction === 'smaller') this.#share = Math.max(this.#share / 2, 1 / 4_096);
        const counts = !halved && (failure.reaction === 'smaller' || failure.reaction === 'retry');
        await port.call('returnBatch', batch.batchId, failure.problem, counts);
        if (halved && failure.problem.code !== 'network_timeout') continue;
        return failure;
      }
      this.#share = Math.min(1, this.#share * 2);
      const taken = await port.call('takeAnswers', batch.batchId, response.answers);
      this.#given.took(taken, batch.mutations.length, response);
      const progress = taken.settled + taken.quarantined + taken.review + taken.held > 0;
      fruitless = progress ? 0 : fruitless + 1;
      if (fruitless >= MAX_FRUITLESS) return null;
      upTo = taken.needsEarlier;
    }
  }
}
