import { type Clock, hlcToText } from '@satchel/core';
import {
  type ClientReport,
  PROTOCOL_VERSION,
  type Problem,
  type PushRequest,
  type PushResponse,
  unreachable,
} from '@satchel/protocol';
import type { BatchSettings } from '@satchel/schema';
import type { OutboxBatch, TakenIn } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import { type Failure, failureOf } from './failure.ts';
import type { Transport } from './transport.ts';

/** Answers that put all of their batch back, as `needs-earlier` does, before the loop gives the rest of the run up. */
const MAX_FRUITLESS = 3;
/** Mutations that break the server one by one before it is taken for broken altogether. */
const MAX_BREAKING = 3;
/** Smallest share of a full batch. */
const MIN_SHARE = 1 / 4_096;

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
  /** A mutation that the server refuses to look at went to quarantine. */
  readonly refused: (taken: TakenIn) => void;
}

/** A batch with its answer, which is not yet taken in. */
interface Answered {
  readonly batch: OutboxBatch;
  readonly response: PushResponse;
}

interface DrainState {
  upTo: TakenIn['needsEarlier'];
  /** Answers in a row that put all of their batch back. */
  fruitless: number;
}

const isFruitless = ({ fruitless }: DrainState): boolean => fruitless >= MAX_FRUITLESS;

const CALLED_OFF: Problem = { code: 'network_unreachable', params: {} };

/**
 * Drains the outbox, batch by batch. Batches shrink by half on time-outs and grow back
 * by doubling. One bad mutation never holds back the others: a batch that breaks the
 * server, or is refused as a whole, is halved until the bad one stands alone.
 */
export class Uploader {
  readonly #given: UploaderGiven;
  /** Share of a full batch that is sent now. */
  #share = 1;

  constructor(given: UploaderGiven) {
    this.#given = given;
  }

  /**
   * Returns what stopped it, `null` when nothing is left that may go. `asked` is called
   * when a request is on its way.
   *
   * While a request is on its way, the answer before it is taken in and the batch after
   * it made ready: device and server work side by side. No two batches are on their way
   * at once, and a batch holds nothing that depends on one that has no answer yet.
   *
   * ```
   * device   take 1 │ send │ take 2 ······ │ send │ answer 1, take 3 │ send │ answer 2, …
   * server                 │ ── batch 1 ── │      │ ──── batch 2 ─── │
   * ```
   */
  async drain(signal: AbortSignal, asked: () => void): Promise<Failure | null> {
    const state: DrainState = { upTo: undefined, fruitless: 0 };
    let breaking = 0;
    let batch = await this.#take(state.upTo);
    let answered: Answered | null = null;
    for (;;) {
      if (answered && (!batch || signal.aborted)) {
        await this.#takeIn(answered, state);
        answered = null;
        if (signal.aborted || isFruitless(state)) break;
        batch = await this.#take(state.upTo);
      }
      if (!batch || signal.aborted) break;
      const sending = this.#send(batch, signal);
      asked();
      await sending.underWay;
      if (answered) await this.#takeIn(answered, state);
      answered = null;
      const next: OutboxBatch | null = this.#mayTakeAhead(batch, state) ? await this.#take(state.upTo) : null;
      try {
        answered = { batch, response: await sending.answer };
      } catch (error) {
        const failure = failureOf(error);
        if (next) await this.#given.port.call('returnBatch', next.batchId, failure.problem, false);
        const goesOn = await this.#returned(batch, failure, breaking);
        if (!goesOn) return failure;
        if (batch.mutations.length === 1) breaking += 1;
        batch = await this.#take(state.upTo);
        continue;
      }
      this.#share = Math.min(1, this.#share * 2);
      batch = next;
    }
    // Taken ahead, and not sent: the run was called off.
    if (batch) await this.#given.port.call('returnBatch', batch.batchId, CALLED_OFF, false);
    return null;
  }

  /** Sends it; `underWay` resolves when nothing more of the request is to be done here. */
  #send(
    batch: OutboxBatch,
    signal: AbortSignal,
  ): { readonly answer: Promise<PushResponse>; readonly underWay: Promise<void> } {
    let sent = (): void => {};
    const isSent = new Promise<void>((done) => {
      sent = done;
    });
    const answer = this.#given.transport.push(this.#request(batch), signal, sent);
    const ended = answer.then(
      () => undefined,
      () => undefined,
    );
    return { answer, underWay: Promise.race([isSent, ended]) };
  }

  async #takeIn({ batch, response }: Answered, state: DrainState): Promise<void> {
    const taken = await this.#given.port.call('takeAnswers', batch.batchId, response.answers);
    this.#given.took(taken, batch.mutations.length, response);
    // Not by what was settled now: a page may have told of all of it before the answer came.
    state.fruitless = taken.putBack < batch.mutations.length ? 0 : state.fruitless + 1;
    state.upTo = taken.needsEarlier;
  }

  /** One mutation alone is all there was, mostly; what the server wants in its own order goes step by step. */
  #mayTakeAhead({ mutations }: OutboxBatch, state: DrainState): boolean {
    return mutations.length > 1 && state.upTo === undefined && state.fruitless === 0;
  }

  async #take(upTo: TakenIn['needsEarlier']): Promise<OutboxBatch | null> {
    const lanes = this.#given.lanes();
    const first = lanes[0];
    if (first === undefined) return null;
    const size = this.#given.batchOf(first);
    return this.#given.port.call('takeBatch', {
      lanes,
      maxItems: Math.max(1, Math.floor(size.maxItems * this.#share)),
      maxBytes: Math.max(1, Math.floor(size.maxBytes * this.#share)),
      ...(upTo ? { upTo } : {}),
    });
  }

  #request(batch: OutboxBatch): PushRequest {
    const report = this.#given.clientReport();
    return {
      protocolVersion: PROTOCOL_VERSION,
      schemaVersion: this.#given.schemaVersion,
      batchId: batch.batchId,
      clientId: batch.clientId,
      runId: batch.runId,
      sentAt: hlcToText({ millis: this.#given.clock.now(), counter: 0, nodeId: batch.clientId }),
      // What comes with it no longer waits once it is there.
      client: { ...report, pending: Math.max(0, (report.pending ?? 0) - batch.mutations.length) },
      ...(batch.renamedFrom === undefined ? {} : { renamedFrom: batch.renamedFrom }),
      ...(batch.outstandingFrom === undefined ? {} : { outstandingFrom: batch.outstandingFrom }),
      mutations: [...batch.mutations],
    };
  }

  /** Puts a failed batch back; true when the loop goes on with what is left. */
  async #returned(batch: OutboxBatch, failure: Failure, breaking: number): Promise<boolean> {
    const { port } = this.#given;
    const { batchId, mutations } = batch;
    const [alone] = mutations.length === 1 ? mutations : [];
    switch (failure.reaction) {
      case 'smaller':
        this.#halve(batch);
        await port.call('returnBatch', batchId, failure.problem, alone !== undefined);
        return false;
      case 'apart':
        if (!alone) this.#halve(batch);
        await port.call('returnBatch', batchId, failure.problem, alone !== undefined);
        return alone ? breaking + 1 < MAX_BREAKING : true;
      case 'refused': {
        if (!alone) {
          this.#halve(batch);
          await port.call('returnBatch', batchId, failure.problem, false);
          return true;
        }
        const { mutationId } = alone;
        const taken = await port.call('takeAnswers', batchId, [
          {
            kind: 'outcome',
            outcome: { mutationId, outcome: 'rejected', changes: [], problem: failure.problem },
          },
        ]);
        this.#given.refused(taken);
        return true;
      }
      case 'retry':
        await port.call('returnBatch', batchId, failure.problem, true);
        return false;
      case 'offline':
      case 'auth':
      case 'revoked':
      case 'start-over':
      case 'wait-for-update':
      case 'stop':
        await port.call('returnBatch', batchId, failure.problem, false);
        return false;
      default:
        return unreachable(failure.reaction);
    }
  }

  #halve({ lane, mutations }: OutboxBatch): void {
    const sent = mutations.length / this.#given.batchOf(lane).maxItems;
    this.#share = Math.max(Math.min(this.#share, sent) / 2, MIN_SHARE);
  }
}
