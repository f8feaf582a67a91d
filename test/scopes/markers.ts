/**
 * Marks that are in no two values: a value that was told to a device is found in the
 * bytes it was sent, and so is a key. `m…z` marks a value, `k…z` a key.
 */
export class Markers {
  #next = 0;

  value(): string {
    return `m${this.#number()}z`;
  }

  key(): string {
    return `k${this.#number()}z`;
  }

  #number(): string {
    this.#next += 1;
    return String(this.#next).padStart(7, '0');
  }
}

export const marksIn = (text: string): string[] => text.match(/[mk]\d{7}z/g) ?? [];

/** The bytes that came to one device, searched for what it must not know. */
export class Ear {
  /** Marks heard and not yet looked at, with where each came first. */
  #fresh = new Map<string, string>();
  readonly #allowed = new Set<string>();
  bytes = 0;

  readonly heard = (text: string, action: string): void => {
    this.bytes += Buffer.byteLength(text);
    for (const mark of marksIn(text)) {
      if (!this.#allowed.has(mark) && !this.#fresh.has(mark)) {
        const at = text.indexOf(mark);
        this.#fresh.set(mark, `${action}: …${text.slice(Math.max(0, at - 300), at + 100)}…`);
      }
    }
  };

  allow(marks: Iterable<string>): void {
    for (const mark of marks) this.#allowed.add(mark);
  }

  /** What came and was never allowed. */
  leaks(): string[] {
    const leaks = [...this.#fresh].filter(([mark]) => !this.#allowed.has(mark));
    this.#fresh = new Map(leaks);
    return leaks.map(([mark, where]) => `${mark} in ${where}`);
  }
}
