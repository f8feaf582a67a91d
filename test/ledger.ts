import type { DeviceMessage, What } from './device-process.ts';

interface Note {
  readonly counterId: string;
  readonly amount: number;
}

/**
 * What one device has told its user, kept outside of it. A write that was told must be
 * there for ever; one that was only tried may be there or not, but never twice. What
 * was seen after a restart counts as told.
 */
export class Ledger {
  readonly name: string;
  readonly tried = new Map<number, What>();
  readonly notes = new Map<string, Note>();
  readonly toldNotes = new Set<string>();
  readonly drafts = new Set<string>();
  readonly toldDrafts = new Set<string>();
  readonly erasing = new Set<string>();
  readonly toldErased = new Set<string>();
  readonly marks = new Set<number>();
  toldMark = 0;
  told = 0;
  last = 0;
  restarts = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Drafts that can be erased: told, and no erasure was tried. */
  get erasable(): string[] {
    return [...this.toldDrafts].filter((draft) => !this.erasing.has(draft));
  }

  hear(message: DeviceMessage & { kind: 'trying' | 'told' }): void {
    if (message.kind === 'trying') this.#try(message.number, message.what);
    else this.#tell(message.number);
  }

  /** What is wrong with a device that was opened again; empty when nothing is. */
  reopened(found: DeviceMessage & { kind: 'opened' }): string[] {
    this.restarts += 1;
    const wrong = [
      ...(found.integrity === 'ok' ? [] : [`integrity_check: ${found.integrity}`]),
      ...this.judge(found.notes, found.drafts, found.mark),
    ];
    for (const note of found.notes) this.toldNotes.add(note);
    for (const draft of found.drafts) this.toldDrafts.add(draft);
    for (const draft of this.erasing) if (!found.drafts.includes(draft)) this.toldErased.add(draft);
    this.toldMark = Math.max(this.toldMark, found.mark ?? 0);
    return wrong.map((text) => `${this.name}: ${text}`);
  }

  /** Compares what is there, on the device or on the server, with what was told. */
  judge(notes: readonly string[], drafts: readonly string[], mark: number | null): string[] {
    const here = new Set(notes);
    const draftsHere = new Set(drafts);
    const wrong: string[] = [];
    for (const note of this.toldNotes) if (!here.has(note)) wrong.push(`note ${note} is lost`);
    for (const note of here) if (!this.notes.has(note)) wrong.push(`note ${note} was never written`);
    if (here.size !== notes.length) wrong.push('notes are there twice');
    for (const draft of this.toldDrafts)
      if (!this.erasing.has(draft) && !draftsHere.has(draft)) wrong.push(`draft ${draft} is lost`);
    for (const draft of draftsHere) {
      if (!this.drafts.has(draft)) wrong.push(`draft ${draft} was never written`);
      if (this.toldErased.has(draft)) wrong.push(`draft ${draft} was erased and is back`);
    }
    if ((mark ?? 0) < this.toldMark)
      wrong.push(`mark ${mark} is older than ${this.toldMark}, which was told`);
    if (mark !== null && !this.marks.has(mark)) wrong.push(`mark ${mark} was never written`);
    return wrong;
  }

  #try(number: number, what: What): void {
    this.last = number;
    this.tried.set(number, what);
    if ('note' in what) this.notes.set(what.note, { counterId: what.counterId, amount: what.amount });
    else if ('draft' in what) this.drafts.add(what.draft);
    else if ('erased' in what) this.erasing.add(what.erased);
    else this.marks.add(what.mark);
  }

  #tell(number: number): void {
    const what = this.tried.get(number);
    if (what === undefined) throw new Error(`${this.name} tells of ${number}, which it never tried`);
    this.told += 1;
    if ('note' in what) this.toldNotes.add(what.note);
    else if ('draft' in what) this.toldDrafts.add(what.draft);
    else if ('erased' in what) this.toldErased.add(what.erased);
    else this.toldMark = what.mark;
  }
}
