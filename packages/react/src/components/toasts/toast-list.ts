import type { Tone } from '../../presets.ts';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: Tone;
  /** Stays until it is dismissed. */
  readonly stays: boolean;
}

/** Messages on screen, oldest first; at most `MOST` at once. */
export class ToastList {
  static readonly MOST = 3;
  #toasts: readonly Toast[] = [];
  #next = 1;
  readonly #listeners = new Set<() => void>();

  readonly get = (): readonly Toast[] => this.#toasts;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  show(toast: Omit<Toast, 'id'>): number {
    const id = this.#next++;
    this.#set([...this.#toasts, { ...toast, id }].slice(-ToastList.MOST));
    return id;
  }

  dismiss(id: number): void {
    this.#set(this.#toasts.filter((toast) => toast.id !== id));
  }

  #set(toasts: readonly Toast[]): void {
    this.#toasts = toasts;
    for (const listener of this.#listeners) listener();
  }
}
