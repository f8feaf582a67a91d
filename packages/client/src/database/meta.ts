import type { Json } from '@satchel/protocol';
import type { Driver } from './driver.ts';

/** Names of what the engine keeps for itself; settings of the app's side are under `setting:`. */
export type MetaName =
  | 'format'
  | 'app'
  | 'user'
  | 'client'
  | 'schema-version'
  | 'hlc'
  | 'cursor'
  | 'staged-cursor'
  | 'epoch'
  | 'checkpoint-at'
  | 'server-time'
  | 'complete'
  | 'renamed-from'
  | 'cloned'
  | 'unproven'
  | 'rewound'
  | 'tables'
  | 'document-views'
  | `capture:${string}`
  | `view:${string}`
  | `setting:${string}`;

export const readMeta = (db: Driver, name: MetaName): Json | undefined => {
  const row = db.prepare('select value from satchel_meta where name = ?').get([name]);
  return typeof row?.value === 'string' ? (JSON.parse(row.value) as Json) : undefined;
};

export const readMetaText = (db: Driver, name: MetaName): string | null => {
  const value = readMeta(db, name);
  return typeof value === 'string' ? value : null;
};

/** `null` takes the entry away. */
export const writeMeta = (db: Driver, name: MetaName, value: Json): void => {
  if (value === null) {
    db.prepare('delete from satchel_meta where name = ?').run([name]);
    return;
  }
  db.prepare(
    'insert into satchel_meta (name, value) values (?, ?) on conflict(name) do update set value = excluded.value',
  ).run([name, JSON.stringify(value)]);
};
