import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { DeviceMessage, DeviceRequest, Told } from './device-link.ts';

export interface DeviceEvents {
  readonly told: (told: readonly Told[]) => void;
  readonly progress: (progress: DeviceMessage & { kind: 'progress' }) => void;
}

/** The parent's end of a device's process. */
export class DeviceProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { done: (result: never) => void; failed: (error: Error) => void }>();
  #nextId = 1;
  #errors = '';

  constructor(events: DeviceEvents) {
    this.#child = fork(new URL('./device-process.js', import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-4_000);
    });
    this.#child.on('message', (message: DeviceMessage) => {
      switch (message.kind) {
        case 'told':
          return events.told(message.told);
        case 'progress':
          return events.progress(message);
        case 'answer':
        case 'failed': {
          const asked = this.#waiting.get(message.id);
          this.#waiting.delete(message.id);
          if (message.kind === 'answer') asked?.done(message.result as never);
          else asked?.failed(new Error(message.message));
        }
      }
    });
    this.#child.once('exit', (code, signal) => {
      const failure = new Error(`device process ended (${signal ?? code})\n${this.#errors}`);
      for (const { failed } of this.#waiting.values()) failed(failure);
      this.#waiting.clear();
    });
  }

  ask<T = unknown>(request: DeviceRequest): Promise<T> {
    const id = this.#nextId++;
    return new Promise<T>((done, failed) => {
      this.#waiting.set(id, { done: done as (result: never) => void, failed });
      this.#child.send({ id, request }, (error) => {
        if (error && this.#waiting.delete(id)) failed(error);
      });
    });
  }

  /** SIGKILL, as when the battery is pulled; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
