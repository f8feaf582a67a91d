import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { CallMessage, ReplyMessage } from './child-message.ts';
import type { Usage } from './measure/usage.ts';

/** The parent's end of a process of a benchmark. */
export class Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { done(result: unknown): void; failed(error: Error): void }>();
  #nextId = 1;
  #errors = '';

  constructor(execArgv: readonly string[] = []) {
    this.#process = fork(new URL('./child-main.js', import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [...execArgv],
    });
    this.pid = this.#process.pid ?? 0;
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-4_000);
    });
    this.#process.on('message', (reply: ReplyMessage) => {
      const asked = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.kind === 'done') asked?.done(reply.result);
      else asked?.failed(new Error(reply.reason));
    });
    this.#process.once('exit', (code, signal) => {
      const failure = new Error(`a process of the benchmark ended (${signal ?? code})\n${this.#errors}`);
      for (const { failed } of this.#waiting.values()) failed(failure);
      this.#waiting.clear();
    });
  }

  /** Calls an exported function of a module there; arguments and result cross as JSON. */
  call<T = void>(module: string, name: string, ...args: readonly unknown[]): Promise<T> {
    return this.#ask({ module, name, args }) as Promise<T>;
  }

  usage(): Promise<Usage> {
    return this.#ask({ module: null, name: 'usage', args: [] }) as Promise<Usage>;
  }

  #ask(call: Omit<CallMessage, 'id'>): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.#process.send({ id, ...call } satisfies CallMessage, (error) => {
        if (error && this.#waiting.delete(id)) failed(error);
      });
    });
  }

  /** Ends it in order; resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.disconnect();
    await gone;
  }
}
