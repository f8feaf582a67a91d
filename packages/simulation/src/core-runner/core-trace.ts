/** A running hash of what happened: the same for a seed on every machine. Not cryptographic. */
export class CoreTrace {
  #low = 0x811c9dc5;
  #high = 0x1000193;
  readonly lines: string[] = [];
  readonly #keep: boolean;

  constructor(keep: boolean) {
    this.#keep = keep;
  }

  note(line: string): void {
    if (this.#keep) this.lines.push(line);
    for (let index = 0; index < line.length; index++) {
      const code = line.charCodeAt(index);
      this.#low = Math.imul(this.#low ^ code, 0x01000193);
      this.#high = Math.imul(this.#high + code, 0x85ebca6b) ^ (this.#low >>> 13);
    }
  }

  get hash(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }
}
