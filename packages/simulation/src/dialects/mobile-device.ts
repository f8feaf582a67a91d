import { invariant, type Json } from '@satchel/protocol';
import type { TableName } from './dialect-app.ts';
import { DialectDevice, type Pulled, type Told, type Waiting } from './dialect-device.ts';
import { exchange } from './exchange.ts';
import type { Edit, Weather } from './field-device.ts';
import { fromWire, isTable, toWire } from './wire-fields.ts';

const RESOURCE: Readonly<Record<TableName, string>> = { notes: 'note', lines: 'line' };

interface Item {
  readonly client_temp_id: string | null;
  readonly resource_type: string;
  readonly action: string;
  readonly payload: Readonly<Record<string, Json>>;
  readonly client_version: number;
}

/** Speaks batches: new rows have temporary ids until the server names them. */
export class MobileDevice extends DialectDevice {
  readonly #server: { readonly url: string; readonly token: string };
  #token: string | null = null;
  #version = 0;

  constructor(name: string, server: { readonly url: string; readonly token: string }) {
    super(name);
    this.#server = server;
  }

  protected messageOf(edit: Edit): Json {
    this.#version += 1;
    return {
      client_temp_id: edit.kind === 'create' ? edit.key : null,
      resource_type: RESOURCE[edit.table],
      action: edit.kind,
      payload: {
        ...(edit.kind === 'delete' ? {} : toWire(edit.fields)),
        ...(edit.kind === 'create' ? {} : { id: edit.key }),
      },
      // Never a version of the server's: the token says what this device had.
      client_version: 1_000_000_000 + this.#version,
    };
  }

  protected batch(waiting: readonly Waiting[]): readonly Waiting[] {
    return waiting.slice(0, 50);
  }

  protected renamed(message: Json, table: TableName, from: string, to: string): Json {
    const item = message as unknown as Item;
    const own = item.resource_type === RESOURCE[table];
    return {
      ...item,
      payload: {
        ...item.payload,
        ...(own && item.payload.id === from ? { id: to } : {}),
        ...(table === 'notes' && item.payload.note_id === from ? { note_id: to } : {}),
      },
    } as unknown as Json;
  }

  protected async send(messages: readonly Json[], weather: Weather): Promise<readonly Told[]> {
    const { results } = await exchange<{
      results: { status: string; server_id: string | null; error?: string }[];
    }>(this.#server, weather, '/api/v1/mobile/sync/push', {
      device_id: this.name,
      client_sync_token: this.#token,
      items: messages,
    });
    return results.map(({ status, server_id, error }): Told => {
      switch (status) {
        case 'ok':
          invariant(server_id, 'what was taken has an id');
          return { kind: 'taken', key: server_id };
        case 'conflict':
          return { kind: 'lost' };
        default:
          return { kind: 'refused', why: error ?? '' };
      }
    });
  }

  /** Its order is push, then pull: a token says what the device had when it edited. */
  override async pull(weather: Weather): Promise<void> {
    if ((await this.waiting()) === 0) await super.pull(weather);
  }

  protected async fetch(weather: Weather): Promise<{ readonly page: Pulled; readonly taken: () => void }> {
    const answer = await exchange<{
      next_token: string;
      changes: { id: string; resource_type: string; payload: Readonly<Record<string, Json>> | null }[];
      has_more: boolean;
      full_sync: boolean;
    }>(this.#server, weather, '/api/v1/mobile/sync/pull', {
      device_id: this.name,
      since_token: this.#token,
      limit: 50,
    });
    const page: Pulled = {
      rows: answer.changes.map(({ id, resource_type, payload }) => {
        const table = `${resource_type}s`;
        invariant(isTable(table), 'a resource is a table');
        return { table, key: id, fields: payload === null ? null : fromWire(table, payload) };
      }),
      isWhole: answer.full_sync,
      more: answer.has_more,
    };
    if (weather === 'fair')
      await exchange(this.#server, 'fair', '/api/v1/mobile/sync/ack', { ack_token: answer.next_token });
    return {
      page,
      taken: () => {
        this.#token = answer.next_token;
      },
    };
  }
}
