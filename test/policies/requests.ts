import type { Json } from '@satchel/protocol';
import { expect } from 'vitest';
import type { Line } from './markdown-table.ts';
import type { Stage } from './stage.ts';

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  '<string>': (value) => typeof value === 'string' && value !== '',
  '<number>': (value) => typeof value === 'number',
  '<array>': Array.isArray,
  '<time>': (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value),
};

/** Asks a server in the documents' own words. Values that were given a name stand for the whole app. */
export class Requests {
  readonly #stage: Stage;
  readonly #named = new Map<string, Json>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async play(line: Line): Promise<void> {
    const { who = '', request = '' } = line;
    const { field } = this.#stage;
    await field.time.pass(1_000);
    if (who === 'sql') {
      const { rowCount } = await field.db.query(request);
      expect(rowCount, 'rows of the statement').toBe(1);
      return;
    }
    const [method = '', path = ''] = request.split(' ');
    const { type, text } = bodyOf(line.body ?? '-');
    const answer = await fetch(field.server.url + this.#filledText(path), {
      method,
      headers: {
        ...(who === '-' ? {} : { authorization: `Bearer ${await field.token(this.#stage.player(who))}` }),
        ...(text === undefined ? {} : { 'content-type': type }),
      },
      ...(text === undefined ? {} : { body: this.#filledText(text) }),
    });
    const told = (await answer.json()) as Json;
    const errors = answer.status === 500 ? field.log.filter(({ level }) => level === 'error') : [];
    expect(`${answer.status} ${JSON.stringify(told)} ${JSON.stringify(errors)}`, 'status and answer').toMatch(
      new RegExp(`^${line.status} `),
    );
    this.#compare(JSON.parse(line.answer ?? '{}') as Json, told, 'answer');
  }

  /** `"$name"` in JSON is the value, `$name` in a path its text. */
  #filledText(text: string): string {
    return text
      .replace(/"\$(\w+)"/g, (_, name: string) => JSON.stringify(this.#value(name)))
      .replace(/\$(\w+)/g, (_, name: string) => String(this.#value(name)));
  }

  #value(name: string): Json {
    const value = this.#named.get(name);
    if (value === undefined) throw new Error(`nothing was called ${name}`);
    return value;
  }

  #compare(wanted: Json, found: Json | undefined, path: string): void {
    if (typeof wanted === 'string') {
      this.#compareText(wanted, found, path);
      return;
    }
    if (typeof wanted !== 'object' || wanted === null) {
      expect(found, path).toBe(wanted);
      return;
    }
    if (Array.isArray(wanted)) {
      expect(found, path).toHaveLength(wanted.length);
      wanted.forEach((one, at) => {
        this.#compare(one, (found as Json[])[at], `${path}.${at}`);
      });
      return;
    }
    for (const [name, one] of Object.entries(wanted))
      this.#compare(one as Json, (found as Record<string, Json> | null)?.[name], `${path}.${name}`);
  }

  #compareText(wanted: string, found: Json | undefined, path: string): void {
    const kind = KINDS[wanted];
    if (kind !== undefined) expect(found, path).toSatisfy(kind);
    else if (wanted.startsWith('=')) {
      expect(found ?? null, path).not.toBeNull();
      this.#named.set(wanted.slice(1), found as Json);
    } else if (wanted.startsWith('$')) expect(found, path).toEqual(this.#value(wanted.slice(1)));
    else if (wanted.startsWith('~')) expect(found, path).toMatch(new RegExp(`^${wanted.slice(1)}$`));
    else expect(found, path).toBe(wanted);
  }
}

const bodyOf = (cell: string): { readonly type: string; readonly text?: string } => {
  if (cell === '-') return { type: '' };
  if (cell.startsWith('text/plain ')) return { type: 'text/plain', text: cell.slice('text/plain '.length) };
  const [, count] = /^(\d+) submissions$/.exec(cell) ?? [];
  const type = 'application/json';
  if (count === undefined) return { type, text: cell };
  const items = Array.from({ length: Number(count) }, (_, n) => ({
    client_temp_id: `many-${n}`,
    resource_type: 'submission',
    action: 'create',
    payload: { form_id: 'f-1', data: {} },
    client_version: 1,
  }));
  return { type, text: JSON.stringify({ device_id: 'device-uuid-123', items }) };
};
