import { forkBuilt } from './server-process.ts';

/** Where a device kills itself: what its engine or its transport is doing then, and at which point of it. */
export interface DeviceStep {
  /** A method of the engine; pages by their kind; an exchange of the transport. */
  readonly during: string;
  readonly at: 'statement' | 'before-commit' | 'after-commit' | 'answered' | 'sent' | 'page';
  /** At the how-manieth time. */
  readonly nth: number;
  /** Milliseconds after a request was sent. */
  readonly wait?: number;
}

export interface DeviceSettings {
  readonly directory: string;
  readonly server: string;
  readonly name: string;
  readonly team: string;
  readonly token: string;
  /** Number of the last write that was tried. */
  readonly next: number;
  /** Drafts that are there and may be erased. */
  readonly drafts: readonly string[];
  readonly seed: number;
  readonly step?: DeviceStep;
}

/** What a write does; its number makes its keys. */
export type What =
  | { readonly note: string; readonly counterId: string; readonly amount: number }
  | { readonly mark: number }
  | { readonly draft: string }
  | { readonly erased: string };

export type DeviceMessage =
  | {
      readonly kind: 'opened';
      /** Of `pragma integrity_check`, before anything else. */
      readonly integrity: string;
      readonly file: string;
      readonly notes: readonly string[];
      readonly drafts: readonly string[];
      readonly mark: number | null;
    }
  | { readonly kind: 'trying'; readonly number: number; readonly what: What }
  | { readonly kind: 'told'; readonly number: number }
  | { readonly kind: 'at-step' }
  | {
      readonly kind: 'finished';
      readonly quarantined: number;
      readonly openConflicts: number;
      readonly cloned: boolean;
    };

export interface DeviceProcess {
  /** It shall write, or only catch up and close. */
  say(kind: 'write' | 'finish'): void;
  kill(): void;
  /** Resolves when the process is gone; rejects if it ended neither by a kill nor in good order. */
  readonly gone: Promise<void>;
}

export const startDeviceProcess = (
  settings: DeviceSettings,
  heard: (message: DeviceMessage) => void,
): DeviceProcess => {
  const child = forkBuilt('device.mjs', { SATCHEL_TEST_DEVICE: JSON.stringify(settings) });
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.on('message', heard);
  return {
    say: (kind) => child.send({ kind }, () => {}),
    kill: () => child.kill('SIGKILL'),
    gone: new Promise((done, failed) => {
      // After `close` nothing more is heard of it.
      child.once('close', (code, signal) => {
        if (signal === 'SIGKILL' || code === 0) done();
        else failed(new Error(`${settings.name} ended with ${code ?? signal}: ${output}`));
      });
    }),
  };
};
