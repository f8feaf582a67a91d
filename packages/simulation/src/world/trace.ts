import { createHash } from 'node:crypto';
import type { HistoryEventBody } from '../history.ts';

/**
 * The hash of all that happened, in order. What differs from machine to machine without
 * meaning anything (transaction ids, oids, log positions, ports, the bytes of tokens that
 * hold them) is not in it: of a message only its kind is taken.
 */
export class Trace {
  readonly #hash = createHash('sha256');
  readonly #heard: ((line: string) => void) | undefined;

  constructor(heard?: (line: string) => void) {
    this.#heard = heard;
  }

  ran(label: string, at: number): void {
    this.#add(`${at} ${label}`);
  }

  event(at: number, body: HistoryEventBody): void {
    this.#add(`${at} ${JSON.stringify(plain(body))}`);
  }

  #add(line: string): void {
    this.#hash.update(`${line}\n`);
    this.#heard?.(line);
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

const plain = (body: HistoryEventBody): unknown => {
  switch (body.kind) {
    case 'received':
      return { kind: body.kind, client: body.client, action: body.action };
    // A stack names files of this machine.
    case 'crash':
      return { kind: body.kind, where: body.where };
    default:
      return body;
  }
};
