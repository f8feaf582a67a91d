/** A call across processes: a function of a module, by the module's URL; without one, the process's own usage. */
export interface CallMessage {
  readonly id: number;
  readonly module: string | null;
  readonly name: string;
  readonly args: readonly unknown[];
}

export type ReplyMessage =
  | { readonly id: number; readonly kind: 'done'; readonly result: unknown }
  | { readonly id: number; readonly kind: 'failed'; readonly reason: string };
