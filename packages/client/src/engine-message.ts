import type { Problem } from '@satchel/protocol';

/** What crosses between the app's thread and the engine's; all of it can be structured-cloned. */
export type EngineRequest =
  | { readonly id: number; readonly kind: 'call'; readonly method: string; readonly args: readonly unknown[] }
  | { readonly id: number; readonly kind: 'flush' }
  | { readonly id: number; readonly kind: 'close' };

export type EngineAnswer =
  | { readonly id: number; readonly kind: 'done'; readonly result: unknown }
  | { readonly id: number; readonly kind: 'problem'; readonly problem: Problem }
  /** Something that is not a `SatchelError`: a bug, told with its stack. */
  | { readonly id: number; readonly kind: 'crash'; readonly message: string; readonly stack: string };

/** One end of a channel between two threads: a `MessagePort`, a `Worker`, `parentPort`. */
export interface Channel {
  post(message: EngineRequest | EngineAnswer): void;
  onMessage(heard: (message: unknown) => void): void;
  /** Called when the other side is gone for good. */
  onGone(heard: (reason: string) => void): void;
}
