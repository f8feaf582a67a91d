import type { SyncSettings } from '@satchel/schema';

export type Direction = 'up' | 'down';
export type Wish = Direction | 'both';

/**
 * Starts one direction. `asked` is to be called when a request is on its way or there is
 * nothing to ask, `ended` when the direction is done.
 */
export type Go = (direction: Direction, asked: () => void, ended: () => void) => void;

/** Up and down: which of them are wished for, and which are under way. */
export class Directions {
  readonly #order: readonly [Direction, Direction];
  readonly #go: Go;
  readonly #wanted = { up: false, down: false };
  readonly #underWay = { up: false, down: false };

  constructor(order: SyncSettings['order'], go: Go) {
    this.#order = order === 'upload-first' ? ['up', 'down'] : ['down', 'up'];
    this.#go = go;
  }

  wish(directions: Wish): void {
    if (directions !== 'down') this.#wanted.up = true;
    if (directions !== 'up') this.#wanted.down = true;
  }

  forgetWishes(): void {
    this.#wanted.up = false;
    this.#wanted.down = false;
  }

  /** What is wished for and has not begun. */
  get wished(): Wish | null {
    const { up, down } = this.#wanted;
    if (up) return down ? 'both' : 'up';
    return down ? 'down' : null;
  }

  get uploading(): boolean {
    return this.#underWay.up;
  }

  get downloading(): boolean {
    return this.#underWay.down;
  }

  /** Starts what is wished for; the second when the first has a request on its way, or nothing to ask. */
  pump(): void {
    const [first, second] = this.#order;
    this.#begin(first, () => this.#begin(second, () => {}));
  }

  #begin(direction: Direction, then: () => void): void {
    if (!this.#wanted[direction] || this.#underWay[direction]) {
      then();
      return;
    }
    this.#wanted[direction] = false;
    this.#underWay[direction] = true;
    this.#go(direction, then, () => {
      this.#underWay[direction] = false;
    });
  }
}
