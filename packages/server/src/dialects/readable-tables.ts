import { SatchelError } from '@satchel/protocol';
import { mayDo, type Principal, type Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { tableNamed } from './names.ts';

/** Tables of which the principal may read rows. */
export const readableTables = ({ app }: ServerContext, { roles, channel }: Principal): readonly Table[] =>
  Object.values(app.tables).filter((table) => mayDo(table, 'read', roles, channel));

/** @throws `table_unknown`, `op_denied` */
export const readableTable = ({ app }: ServerContext, { roles, channel }: Principal, name: string): Table => {
  const table = tableNamed(app, name);
  if (!mayDo(table, 'read', roles, channel)) throw new SatchelError('op_denied', { op: 'read', table: name });
  return table;
};
