import { keyParts } from '@satchel/core';
import { type Outcome, type PageLine, PROTOCOL_VERSION, type Value, type Values } from '@satchel/protocol';
import type { Principal, Table } from '@satchel/schema';
import { rowAddress } from '../push/row-address.ts';
import { heldElsewhere, keysOfScope } from './departed.ts';
import type { Device } from './device.ts';
import type { DialectServer } from './dialect-route.ts';

export interface Gathering {
  readonly principal: Principal;
  readonly device: Device;
  /** The native cursor; `null`: everything. */
  readonly cursor: string | null;
  /** Names of tables of the app; absent: all that the principal may see. */
  readonly tables: readonly string[] | undefined;
  /** Digest of the cursor, from `If-None-Match`. */
  readonly digest?: string | null;
  readonly pageRows?: number | undefined;
  /** Characters of pages after which no more are read; 0: one page. */
  readonly until: number;
}

/** A row that is there, or that the device should hold no longer (`values: null`). */
export interface GatheredRow {
  readonly table: Table;
  readonly key: string;
  readonly version: number;
  readonly values: Values | null;
}

export interface Gathered {
  readonly kind: 'changes';
  readonly rows: readonly GatheredRow[];
  /** What became of the device's own items, as far as it cannot have known. */
  readonly outcomes: readonly Outcome[];
  readonly cursor: string;
  readonly digest: string;
  readonly more: boolean;
  /** Rows of a first copy or a copy anew are among them. */
  readonly isCopy: boolean;
  /** A copy anew begins: what the device holds and is not sent again is gone. */
  readonly isReset: boolean;
  readonly serverTime: number;
}

/**
 * Native pages as lists of rows. A native client knows which scopes hold a row; these
 * clients do not, so the server looks whether a row that went from one scope is still
 * held by another before it calls it gone.
 */
export const gatherChanges = async (
  server: DialectServer,
  asked: Gathering,
): Promise<Gathered | { readonly kind: 'unchanged' }> => {
  const gathered = new GatheredPages(server, asked);
  for (;;) {
    if ((await gathered.pull()) === 'unchanged') return { kind: 'unchanged' };
    if (!gathered.more || gathered.characters >= asked.until) return await gathered.close();
  }
};

class GatheredPages {
  readonly #server: DialectServer;
  readonly #asked: Gathering;
  readonly #rows = new Map<string, GatheredRow>();
  readonly #outcomes: Outcome[] = [];
  readonly #departed: { readonly scope: string; readonly tables: readonly string[] | undefined }[] = [];
  #cursor: string | null;
  #digest = '';
  #isCopy = false;
  #isReset = false;
  #serverTime = 0;
  more = false;
  characters = 0;

  constructor(server: DialectServer, asked: Gathering) {
    this.#server = server;
    this.#asked = asked;
    this.#cursor = asked.cursor;
  }

  async pull(): Promise<'unchanged' | 'page'> {
    const { principal, device, tables, digest = null, pageRows } = this.#asked;
    const isFirst = this.#cursor === this.#asked.cursor && this.characters === 0;
    const { app } = this.#server.ctx;
    const answer = await this.#server.operations.pull(
      principal,
      {
        protocolVersion: PROTOCOL_VERSION,
        schemaVersion: app.schemaVersion,
        clientId: device.clientId,
        cursor: this.#cursor,
        client: { deviceName: device.deviceId },
        ...(tables === undefined ? {} : { subscription: { tables: [...tables] } }),
        ...(pageRows === undefined ? {} : { pageRows }),
      },
      isFirst ? digest : null,
    );
    if (answer.kind === 'unchanged') return 'unchanged';
    for await (const line of answer.lines) {
      this.characters += line.length;
      this.#take(JSON.parse(line) as PageLine);
    }
    this.#digest = answer.digest ?? '';
    return 'page';
  }

  #take(line: PageLine): void {
    switch (line.line) {
      case 'head':
        this.#serverTime = line.serverTime;
        if (line.mode === 'backfill' || line.from === null) this.#isCopy = true;
        return;
      case 'scope':
        if (line.action === 'left') this.#departed.push({ scope: line.scope, tables: line.tables });
        else {
          this.#isCopy = true;
          if (line.action === 'reset') this.#isReset = true;
        }
        return;
      case 'rows':
        this.#takeRows(line);
        return;
      case 'gone':
        line.keys.forEach((key, at) => {
          this.#gone(line.table, key, line.versions[at] ?? 0);
        });
        return;
      case 'outcomes':
        this.#outcomes.push(...line.outcomes);
        return;
      case 'tail':
        this.#cursor = line.cursor;
        this.more = line.more;
        return;
      case 'swept':
        return;
    }
  }

  #takeRows(line: PageLine & { line: 'rows' }): void {
    const table = this.#server.ctx.app.tables[line.table];
    if (table === undefined) return;
    const columns = Object.entries(line.columns);
    const own = table.primaryKey;
    const single = own.length === 1 ? own[0]! : undefined;
    for (let at = 0; at < line.keys.length; at += 1) {
      const key = line.keys[at]!;
      const values: Record<string, Value> = {};
      if (single !== undefined) values[single] = key;
      else
        keyParts(key, own.length).forEach((part, place) => {
          values[own[place]!] = part;
        });
      for (const [name, list] of columns) values[name] = list[at] ?? null;
      this.#keep({ table, key, version: line.versions[at] ?? 0, values });
    }
  }

  #gone(tableName: string, key: string, version: number): void {
    const table = this.#server.ctx.app.tables[tableName];
    if (table !== undefined) this.#keep({ table, key, version, values: null });
  }

  /** The newest wins; of one version the scope that holds the row. */
  #keep(row: GatheredRow): void {
    const address = rowAddress(row.table.name, row.key);
    const before = this.#rows.get(address);
    const isOlder =
      before !== undefined &&
      (before.version > row.version ||
        (before.version === row.version && before.values !== null && row.values === null));
    if (!isOlder) this.#rows.set(address, row);
  }

  async close(): Promise<Gathered> {
    const { ctx } = this.#server;
    const { principal, tables, cursor } = this.#asked;
    for (const { scope, tables: left } of this.#departed) {
      for (const { table, key, version } of await keysOfScope(ctx, scope, cursor)) {
        const isAsked = tables === undefined || tables.includes(table);
        if (isAsked && (left === undefined || left.includes(table))) this.#gone(table, key, version);
      }
    }
    const gone = [...this.#rows.values()].filter(({ values }) => values === null);
    const held = await heldElsewhere(ctx, principal, gone);
    return {
      kind: 'changes',
      rows: [...this.#rows.values()].filter((row) => !held.has(row)),
      outcomes: this.#outcomes,
      cursor: this.#cursor ?? '',
      digest: this.#digest,
      more: this.more,
      isCopy: this.#isCopy,
      isReset: this.#isReset,
      serverTime: this.#serverTime,
    };
  }
}
