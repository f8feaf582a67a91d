import { createHash } from 'node:crypto';
import {
  type PageLine,
  pageLineSchema,
  STEP_DIGEST_LENGTH,
  type StepLine,
  type TailLine,
  tokenAt,
} from '@satchel/protocol';

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
    const first = lines[0];
    if (first?.line === 'step') return this.#step(first, lines.slice(1), texts);
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

  #step(step: StepLine, body: readonly PageLine[], texts: readonly string[]): TailLine | null {
    if (this.cursor === null || this.digest?.slice(0, STEP_DIGEST_LENGTH) !== step.from) return null;
    this.seen.push(...texts);
    this.#takeIn(body);
    this.#dropUnheld();
    this.cursor = tokenAt(this.cursor, step.at);
    this.checkpoint = true;
    return { line: 'tail', cursor: this.cursor, checkpoint: true, more: false };
  }

  /** What the client wrote itself, as the answer to its push told it. */
  wrote(table: string, key: string, version: number, values: Record<string, unknown>): void {
    const held = this.rows.get(`${table}/${key}`);
    this.rows.set(`${table}/${key}`, { version, values, holds: held?.holds ?? new Set(['own']) });
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
        case 'own':
        case 'patch':
          line.keys.forEach((key, index) => {
            const row = this.rows.get(`${line.table}/${key}`);
            const version = line.versions[index]!;
            const from = line.line === 'patch' ? line.bases[index]! : version;
            if (row === undefined || (row.version < version && row.version !== from))
              throw new Error(`${line.table}/${key} is not held at version ${from}`);
            if (line.line === 'patch' && row.version < version) {
              const changed = Object.entries(line.columns).map(([name, list]) => [name, list[index]]);
              row.values = { ...row.values, ...Object.fromEntries(changed) };
              row.version = version;
            }
            row.holds.delete('own');
            row.holds.add(line.scope);
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
