import { newUuidV7 } from '@satchel/core';
import type { DocumentsContext } from './hooks.ts';
import { type DocumentRow, tableNamed, upsertQuery } from './rows.ts';

export interface SavedOffline {
  readonly success: true;
  readonly id: string;
  readonly offline: true;
}

/** Writes of rows by the documents' names; each is durable when its promise resolves, network or not. */
export const saveOfflineOf = (context: DocumentsContext) => {
  const { db, platform } = context;

  /** Inserts a row; without an id it gets one. */
  const insertRow = async (tableName: string, data: DocumentRow): Promise<{ readonly id: string }> => {
    const table = tableNamed(db.app, tableName);
    const id = typeof data.id === 'string' ? data.id : newUuidV7(platform.clock, platform.random);
    await db.write([upsertQuery(table, { ...context.given?.[table.name], ...data, id })]);
    return { id };
  };

  const saveOffline = async (tableName: string, data: DocumentRow): Promise<SavedOffline> => {
    const { id } = await insertRow(tableName, data);
    return { success: true, id, offline: true };
  };

  return {
    insertRow,
    saveOffline,
    insertProduct: (productData: DocumentRow) => insertRow('products', productData),
    saveProductOffline: (productData: DocumentRow) => saveOffline('products', productData),
  };
};
