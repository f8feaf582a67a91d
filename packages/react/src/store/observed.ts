/** Milliseconds that an observer goes on after its last listener left: screens that change places keep it. */
const LINGER = 1_000;

/** What an observer last told. */
export interface Told<T> {
  /** Undefined until it has told something. */
  readonly value: T | undefined;
  readonly error: unknown;
}

type Tell<T> = (value: T) => void;
type Fail = (error: unknown) => void;

/**
 * Something that changes, for `useSyncExternalStore`: it starts with the first
 * listener, stops after the last one, and gives the same object until it is told anew.
 */
export class Observed<T> {
  readonly #start: (tell: Tell<T>, fail: Fail) => () => void;
  readonly #listeners = new Set<() => void>();
  #told: Told<T> = { value: undefined, error: undefined };
  #stop: (() => void) | null = null;
  #waiting: (() => void)[] = [];
  #lingering: ReturnType<typeof setTimeout> | undefined;

  constructor(start: (tell: Tell<T>, fail: Fail) => () => void) {
    this.#start = start;
  }

  readonly get = (): Told<T> => this.#told;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#begin();
    return () => {
      this.#listeners.delete(listener);
      this.#linger();
    };
  };

  /** Resolves when something was told, be it an error; starts the observer if need be. */
  first(): Promise<void> {
    if (this.#told.value !== undefined || this.#told.error !== undefined) return Promise.resolve();
    return new Promise((done) => {
      this.#waiting.push(done);
      this.#begin();
    });
  }

  #begin(): void {
    clearTimeout(this.#lingering);
    this.#stop ??= this.#start(
      (value) => this.#tell({ value, error: undefined }),
      (error) => this.#tell({ value: this.#told.value, error }),
    );
  }

  #tell(told: Told<T>): void {
    this.#told = told;
    for (const done of this.#waiting.splice(0)) done();
    for (const listener of [...this.#listeners]) listener();
    this.#linger();
  }

  #linger(): void {
    clearTimeout(this.#lingering);
    if (this.#listeners.size > 0) return;
    this.#lingering = setTimeout(() => {
      this.#stop?.();
      this.#stop = null;
    }, LINGER);
  }
}
