import type { Json } from '@satchel/protocol';
import { TABLES, type TableName } from './dialect-app.ts';
import { DialectDevice, type Pulled, type Told, type Waiting } from './dialect-device.ts';
import { exchange } from './exchange.ts';
import type { Edit, Fields, Weather } from './field-device.ts';
import { fromWire, toWire } from './wire-fields.ts';

type Record_ = Readonly<Record<string, Json>>;
interface Message {
  readonly table: TableName;
  readonly record: Record_ & { readonly id: string };
}

/** Speaks tables and timestamps: whole rows go up, marked by the time of the edit. */
export class TablesDevice extends DialectDevice {
  readonly #server: { readonly url: string; readonly token: string };
  readonly #now: () => number;
  #timestamp: string | null = null;

  constructor(name: string, server: { readonly url: string; readonly token: string }, now: () => number) {
    super(name);
    this.#server = server;
    this.#now = now;
  }

  protected messageOf(edit: Edit, shown: Fields | undefined): Json {
    const stamp = { id: edit.key, updated_at: new Date(this.#now()).toISOString() };
    const record =
      edit.kind === 'delete'
        ? { ...stamp, is_deleted: true }
        : { ...toWire({ ...shown, ...edit.fields }), ...stamp };
    return { table: edit.table, record };
  }

  /** A record stands in a request once. */
  protected batch(waiting: readonly Waiting[]): readonly Waiting[] {
    const seen = new Set<string>();
    const batch: Waiting[] = [];
    for (const one of waiting) {
      const at = `${one.edit.table} ${one.edit.key}`;
      if (seen.has(at)) break;
      seen.add(at);
      batch.push(one);
    }
    return batch;
  }

  protected renamed(message: Json, table: TableName, from: string, to: string): Json {
    const { table: own, record } = message as unknown as Message;
    return {
      table: own,
      record: {
        ...record,
        ...(own === table && record.id === from ? { id: to } : {}),
        ...(table === 'notes' && record.note_id === from ? { note_id: to } : {}),
      },
    };
  }

  protected async send(messages: readonly Json[], weather: Weather): Promise<readonly Told[]> {
    const sent = messages as unknown as readonly Message[];
    const changes: Record<string, Record_[]> = {};
    for (const { table, record } of sent) {
      changes[table] ??= [];
      changes[table].push(record);
    }
    const answer = await exchange<{
      applied: Record<string, { id: string; previous_id?: string }[]>;
      conflicts: { table: string; record_id: string }[];
      errors: { table: string; record_id: string; error: string }[];
    }>(this.#server, weather, '/api/v1/sync/push', {
      device_id: this.name,
      timestamp: this.#timestamp,
      changes,
    });
    return sent.map(({ table, record }): Told => {
      const applied = answer.applied[table]?.find(({ id, previous_id }) => (previous_id ?? id) === record.id);
      if (applied !== undefined) return { kind: 'taken', key: applied.id };
      const isHere = (one: { table: string; record_id: string }) =>
        one.table === table && one.record_id === record.id;
      if (answer.conflicts.some(isHere)) return { kind: 'lost' };
      return { kind: 'refused', why: answer.errors.find(isHere)?.error ?? 'no answer' };
    });
  }

  protected async fetch(weather: Weather): Promise<{ readonly page: Pulled; readonly taken: () => void }> {
    const answer = await exchange<{
      timestamp: string;
      changes: Record<string, Record_[]>;
      has_more: boolean;
      full_sync: boolean;
    }>(this.#server, weather, '/api/v1/sync/pull', {
      device_id: this.name,
      last_sync_timestamp: this.#timestamp,
      tables: TABLES,
      limit: 50,
    });
    const page: Pulled = {
      rows: TABLES.flatMap((table) =>
        (answer.changes[table] ?? []).map((row) => ({
          table,
          key: String(row.id),
          fields: row.is_deleted === true ? null : fromWire(table, row),
        })),
      ),
      isWhole: answer.full_sync,
      more: answer.has_more,
    };
    return {
      page,
      taken: () => {
        this.#timestamp = answer.timestamp;
      },
    };
  }
}
