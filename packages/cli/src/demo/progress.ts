import type { Screen } from '../screen.ts';

const WIDTH = 28;
/** Milliseconds between two plain lines of the same bar. */
const PLAIN_EVERY = 3_000;

interface Bar {
  done: number;
  total: number | null;
  note: string;
  toldAt: number;
}

/**
 * Progress bars of things that go on side by side. On a terminal they are redrawn in
 * place; elsewhere each tells a plain line every few seconds.
 */
export class Progress {
  readonly #screen: Pick<Screen, 'isTerminal' | 'write'>;
  readonly #now: () => number;
  readonly #bars = new Map<string, Bar>();
  #drawn = 0;

  constructor(screen: Pick<Screen, 'isTerminal' | 'write'>, now: () => number) {
    this.#screen = screen;
    this.#now = now;
  }

  set(name: string, done: number, total: number | null, note = ''): void {
    const bar = this.#bars.get(name) ?? { done: 0, total: null, note: '', toldAt: 0 };
    Object.assign(bar, { done, total, note });
    this.#bars.set(name, bar);
    if (this.#screen.isTerminal) this.#redraw();
    else if (this.#now() - bar.toldAt >= PLAIN_EVERY) {
      bar.toldAt = this.#now();
      this.#screen.write(`  ${line(name, bar)}\n`);
    }
  }

  /** Leaves the bars as they are and starts anew below. */
  end(): void {
    if (!this.#screen.isTerminal)
      for (const [name, bar] of this.#bars) this.#screen.write(`  ${line(name, bar)}\n`);
    this.#bars.clear();
    this.#drawn = 0;
  }

  #redraw(): void {
    let text = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : '';
    for (const [name, bar] of this.#bars) text += `\r\u001b[K  ${line(name, bar)}\n`;
    this.#drawn = this.#bars.size;
    this.#screen.write(text);
  }
}

const line = (name: string, { done, total, note }: Bar): string => {
  const share = total === null || total === 0 ? null : Math.min(1, done / total);
  const bar = share === null ? '·'.repeat(WIDTH) : '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░');
  const percent = share === null ? '    ' : `${String(Math.floor(share * 100)).padStart(3)}%`;
  return `${name.padEnd(12)} ${bar} ${percent}  ${done.toLocaleString('en')}${note ? `  ${note}` : ''}`;
};
