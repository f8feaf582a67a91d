import type { Json } from '@satchel/protocol';
import { TABLES, type TableName } from './dialect-app.ts';
import { DialectDevice, type Pulled, type Told, type Waiting } from './dialect-device.ts';
import { exchange } from './exchange.ts';
import type { Edit, Weather } from './field-device.ts';
import { fromWire, toWire } from './wire-fields.ts';

const ENTITY: Readonly<Record<TableName, string>> = { notes: 'note', lines: 'line' };

interface Action {
  readonly client_id: string;
  readonly action_type: string;
  readonly entity_type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, Json>>;
}

/** Speaks actions: only what was edited goes up, each action under an id of its own. */
export class ActionsDevice extends DialectDevice {
  readonly #server: { readonly url: string; readonly token: string };
  readonly #now: () => number;
  #since: string | undefined;
  #count = 0;

  constructor(name: string, server: { readonly url: string; readonly token: string }, now: () => number) {
    super(name);
    this.#server = server;
    this.#now = now;
  }

  protected messageOf(edit: Edit): Json {
    this.#count += 1;
    return {
      client_id: edit.kind === 'create' ? edit.key : `${this.name}-action-${this.#count}`,
      action_type: `${edit.kind}_${ENTITY[edit.table]}`,
      entity_type: ENTITY[edit.table],
      timestamp: new Date(this.#now()).toISOString(),
      data: {
        ...(edit.kind === 'delete' ? {} : toWire(edit.fields)),
        ...(edit.kind === 'create' ? {} : { id: edit.key }),
      },
    };
  }

  protected batch(waiting: readonly Waiting[]): readonly Waiting[] {
    return waiting;
  }

  protected renamed(message: Json, table: TableName, from: string, to: string): Json {
    const action = message as unknown as Action;
    const own = action.entity_type === ENTITY[table];
    return {
      ...action,
      data: {
        ...action.data,
        ...(own && action.data.id === from ? { id: to } : {}),
        ...(table === 'notes' && action.data.note_id === from ? { note_id: to } : {}),
      },
    } as unknown as Json;
  }

  protected async send(messages: readonly Json[], weather: Weather): Promise<readonly Told[]> {
    const { results } = await exchange<{
      results: { status: string; message: string; entity_id?: string }[];
    }>(this.#server, weather, '/api/v1/sync/upload', {
      device_id: this.name,
      ...(this.#since === undefined ? {} : { last_sync_timestamp: this.#since }),
      actions: messages,
    });
    return results.map(({ status, message, entity_id }, at): Told => {
      const { client_id, data } = messages[at] as unknown as Action;
      switch (status) {
        case 'success':
          return { kind: 'taken', key: entity_id ?? String(data.id ?? client_id) };
        case 'conflict':
          return { kind: 'lost' };
        default:
          return { kind: 'refused', why: message };
      }
    });
  }

  protected async fetch(weather: Weather): Promise<{ readonly page: Pulled; readonly taken: () => void }> {
    const since = this.#since === undefined ? '' : `&since=${encodeURIComponent(this.#since)}`;
    const answer = await exchange<{
      data: Record<string, Readonly<Record<string, Json>>[]>;
      sync_timestamp: string;
      has_more: boolean;
      full_sync: boolean;
    }>(this.#server, weather, `/api/v1/sync/download?device_id=${this.name}&limit=50${since}`);
    const page: Pulled = {
      rows: TABLES.flatMap((table) =>
        (answer.data[table] ?? []).map((row) => ({
          table,
          // Notes have the server's number beside the key.
          key: String(row.client_id ?? row.id),
          fields: row.is_deleted === true ? null : fromWire(table, row),
        })),
      ),
      isWhole: answer.full_sync,
      more: answer.has_more,
    };
    return {
      page,
      taken: () => {
        this.#since = answer.sync_timestamp;
      },
    };
  }
}
