import type { Scheduler, Timer } from '@satchel/core';
import {
  type LiveDown,
  type LivePushSession,
  MAX_LIVE_PUSH,
  type PushRequest,
  type PushResponse,
  packPush,
  SatchelError,
  unpackAnswers,
} from '@satchel/protocol';

/** Milliseconds without an answer after which a push is sent again by HTTP. */
const ANSWER_WITHIN = 10_000;

/** Characters that a mutation has at least, by its id and its names alone: a long batch is not packed to be measured. */
const LEAST_MUTATION = 100;

type Answer = LiveDown & { type: 'answer' };

interface Waiting {
  readonly request: PushRequest;
  readonly resolve: (response: PushResponse) => void;
  readonly reject: (error: unknown) => void;
  /** The connection cannot say what became of it. */
  readonly lost: () => void;
  readonly timer: Timer;
}

/** The small pushes that go over one live connection. */
export class LivePushes {
  readonly #session: LivePushSession;
  readonly #scheduler: Scheduler;
  readonly #send: (message: unknown) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(session: LivePushSession, scheduler: Scheduler, send: (message: unknown) => void) {
    this.#session = session;
    this.#scheduler = scheduler;
    this.#send = send;
  }

  /**
   * `null` where the request is for HTTP: long, of another client, or with runs to tell.
   * Resolves to `null` when the connection ended, or was silent, before the answer: the
   * same request by HTTP brings it.
   */
  push(request: PushRequest, signal: AbortSignal, sent: () => void): Promise<PushResponse | null> | null {
    if (this.#waiting.size > 0 || (request.client?.runs?.length ?? 0) > 0) return null;
    if (request.mutations.length > MAX_LIVE_PUSH / LEAST_MUTATION) return null;
    const said = { ...this.#session };
    const push = packPush(said, request);
    if (!push || JSON.stringify(push).length > MAX_LIVE_PUSH) return null;
    Object.assign(this.#session, said);
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', aborted);
        this.#waiting.delete(id);
      };
      const aborted = (): void => {
        stop();
        reject(new SatchelError('network_unreachable'));
      };
      const lost = (): void => {
        stop();
        resolve(null);
      };
      const timer = this.#scheduler.after(ANSWER_WITHIN, lost);
      signal.addEventListener('abort', aborted);
      this.#waiting.set(id, {
        request,
        resolve: (response) => {
          stop();
          resolve(response);
        },
        reject: (error) => {
          stop();
          reject(error);
        },
        lost,
        timer,
      });
      this.#send({ type: 'push', id, push });
      sent();
    });
  }

  answered({ id, serverTime, versions, response, problem }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (problem) {
      waiting.reject(new SatchelError(problem.code as never, problem.params as never));
      return;
    }
    const { request } = waiting;
    const answers = versions && unpackAnswers(request, versions);
    if (response) waiting.resolve(response);
    else if (answers && serverTime !== undefined)
      waiting.resolve({ batchId: request.batchId, serverTime, epoch: '', answers });
    else waiting.reject(new SatchelError('answer_invalid', { what: 'push' }));
  }

  /** The connection has ended. */
  end(): void {
    for (const { lost } of [...this.#waiting.values()]) lost();
  }
}
