import { createHash } from 'node:crypto';
import { type PageLine, pageLineSchema, type TailLine } from '@satchel/protocol';

export interface HeldRow {
  version: number;
  values: Record<string, unknown>;
  readonly holds: Set<string>;
}

/** What a client makes of pages, by the rules of the protocol and nothing else. */
export class Replica {
  cursor: string | null = null;
  readonly rows = new Map<string, HeldRow>();
  readonly outcomes: string[] = [];
  checkpoint = false;
  /** Every line that ever came, as text: what was seen cannot be unseen. */
  readonly seen: string[] = [];
  #unswept = new Set<string>();
  #stage: PageLine[][] = [];

  get digest(): string | null {
    return this.cursor === null ? null : createHash('sha256').update(this.cursor).digest('hex').slice(0, 32);
  }

  /** Takes in one page; `null` when it does not start from here. */
  take(texts: readonly string[]): TailLine | null {
    const lines = texts.map((text) => pageLineSchema.parse(JSON.parse(text)));
    const head = lines[0];
    const tail = lines.at(-1);
    if (head?.line !== 'head' || tail?.line !== 'tail') throw new Error('not a page');
    if (head.from !== this.digest) return null;
    this.seen.push(...texts);
    this.cursor = tail.cursor;
    if (head.mode === 'delta-part' && !tail.checkpoint) {
      this.#stage.push(lines);
      return tail;
    }
    const pages = [...this.#stage, lines];
    this.#stage = [];
    for (const page of pages) this.#takeIn(page);
    this.#dropUnheld();
    this.checkpoint = tail.checkpoint;
    return tail;
  }

  /** `table/key` of all rows, with their values, sorted. */
  content(): string[] {
    return [...this.rows].map(([name, { values }]) => `${name} ${JSON.stringify(values)}`).sort();
  }

  #takeIn(lines: readonly PageLine[]): void {
    const again = lines[0]?.line === 'head' && lines[0].mode === 'backfill';
    for (const line of lines) {
      switch (line.line) {
        case 'head':
        case 'tail':
          break;
        case 'scope':
          for (const [name, row] of this.rows) {
            if (!row.holds.has(line.scope) || !isOf(name, line.tables)) continue;
            if (line.action === 'left') row.holds.delete(line.scope);
            else this.#unswept.add(`${line.scope} ${name}`);
          }
          break;
        case 'rows':
          line.keys.forEach((key, index) => {
            const name = `${line.table}/${key}`;
            const version = line.versions[index]!;
            const values = Object.fromEntries(
              Object.entries(line.columns).map(([column, list]) => [column, list[index]]),
            );
            const row = this.rows.get(name) ?? { version: -1, values, holds: new Set<string>() };
            if (version > row.version || (again && version === row.version)) {
              row.version = version;
              row.values = values;
            }
            row.holds.add(line.scope);
            this.#unswept.delete(`${line.scope} ${name}`);
            this.rows.set(name, row);
          });
          break;
        case 'gone':
          for (const key of line.keys) {
            this.rows.get(`${line.table}/${key}`)?.holds.delete(line.scope);
            this.#unswept.delete(`${line.scope} ${line.table}/${key}`);
          }
          break;
        case 'swept':
          for (const mark of [...this.#unswept]) {
            const name = mark.slice(line.scope.length + 1);
            if (!mark.startsWith(`${line.scope} `) || !isOf(name, line.tables)) continue;
            this.rows.get(name)?.holds.delete(line.scope);
            this.#unswept.delete(mark);
          }
          break;
        case 'outcomes':
          this.outcomes.push(...line.outcomes.map(({ mutationId }) => mutationId));
          break;
      }
    }
  }

  #dropUnheld(): void {
    for (const [name, { holds }] of this.rows) if (holds.size === 0) this.rows.delete(name);
  }
}

const isOf = (name: string, tables: readonly string[] | undefined): boolean =>
  tables === undefined || tables.includes(name.slice(0, name.indexOf('/')));
