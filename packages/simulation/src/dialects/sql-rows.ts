import { canonicalJson } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import type { Database } from '@satchel/server';
import type { ShownRow } from './field-device.ts';

/** Rows by table and key, as one text each. */
export type Rows = ReadonlyMap<string, string>;

const addressOf = ({ table, key }: Pick<ShownRow, 'table' | 'key'>): string => `${table}/${key}`;

/** What plain SQL says. */
export const rowsInSql = async (db: Database): Promise<Rows> => {
  const { rows } = await db.query<{ table: 'notes' | 'lines'; key: string; fields: Json }>(
    `select 'notes' as table, id as key,
            jsonb_build_object('title', title, 'body', body, 'hits', hits, 'labels', to_jsonb(labels)) as fields
       from notes
     union all
     select 'lines', id, jsonb_build_object('noteId', note_id, 'text', text) from lines`,
  );
  return new Map(rows.map((row) => [addressOf(row), canonicalJson(row.fields)]));
};

/** In words, what a device shows otherwise. */
export const differencesFrom = (
  truth: Rows,
  device: string,
  rows: readonly ShownRow[],
): readonly string[] => {
  const shown = new Map(rows.map((row) => [addressOf(row), canonicalJson(row.fields as Json)]));
  const found: string[] = [];
  for (const [address, fields] of truth) {
    const own = shown.get(address);
    if (own === undefined) found.push(`${device} lacks ${address}: ${fields}`);
    else if (own !== fields) found.push(`${device} shows ${address} as ${own}, SQL has ${fields}`);
  }
  for (const address of shown.keys())
    if (!truth.has(address)) found.push(`${device} shows ${address}, SQL has none`);
  return found;
};
