import { type Problem, SatchelError, unreachable } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import type { EnginePort } from '../engine-port.ts';
import type { Contact } from './contact.ts';
import { type Failure, failureOf } from './failure.ts';
import type { Retries } from './retries.ts';

export interface ReactionsGiven {
  readonly app: App;
  readonly port: EnginePort;
  readonly contact: Contact;
  readonly retries: Retries;
  /** The loop is started. */
  readonly isRunning: () => boolean;
  readonly stopLive: () => void;
  readonly touched: (tables: readonly string[]) => void;
  readonly changed: () => void;
  /** A bug: something other than a `SatchelError` was thrown. */
  readonly crashed: (error: unknown) => void;
}

/** What the loop does about what failed, and the problem that it shows for it. */
export class Reactions {
  readonly #given: ReactionsGiven;
  #problem: Problem | null = null;

  constructor(given: ReactionsGiven) {
    this.#given = given;
  }

  get problem(): Problem | null {
    return this.#problem;
  }

  /** What the device itself could not do (no room, no storage) is told and tried again; anything else is a bug. */
  failureOf(error: unknown): Failure | null {
    if (error instanceof SatchelError) return failureOf(error);
    this.#given.crashed(error);
    return null;
  }

  /** The same, where no run is under way. */
  readonly failedAlone = (error: unknown): void => {
    const failure = this.failureOf(error);
    if (!failure || failure.problem.code === 'database_closed') return;
    this.#problem = failure.problem;
    this.#retryLater(failure);
    this.#given.changed();
  };

  /** A run has ended: with a failure, or without. */
  ended(failure: Failure | null): void {
    const { contact, retries, stopLive } = this.#given;
    if (!failure) {
      this.#problem = null;
      retries.forgetFailures();
      return;
    }
    const { problem, reaction } = failure;
    switch (reaction) {
      case 'offline':
        contact.lost();
        this.#retryLater(failure);
        return;
      case 'retry':
      case 'smaller':
      case 'apart':
      case 'start-over':
        this.#problem = problem;
        this.#retryLater(failure);
        return;
      case 'auth':
        contact.refusedToken(problem.code);
        stopLive();
        return;
      case 'revoked':
        contact.revoked();
        stopLive();
        if (problem.params.action === 'wipe' || this.#given.app.onRevoke === 'wipe') this.#wipe();
        return;
      case 'refused':
      case 'wait-for-update':
      case 'stop':
        this.#problem = problem;
        return;
      default:
        unreachable(reaction);
    }
  }

  #wipe(): void {
    const { app, port, touched } = this.#given;
    port.call('wipe').then(() => touched(Object.keys(app.tables)), this.failedAlone);
  }

  #retryLater(failure: Failure): void {
    if (this.#given.isRunning()) this.#given.retries.later(failure);
  }
}
