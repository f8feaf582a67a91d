/**
 * SELECT of the entries `o` of one key, in the order of their scopes. Named by a range of
 * one value, and in order, they are found by the primary key alone. "=" leaves PostgreSQL
 * the choice of the index by transaction, which it takes for as good while it believes the
 * table empty, and then skips through for every key (50,000 inserts after an ANALYZE of the
 * empty table: 5.8 s of CPU instead of 1.2).
 *
 * For functions of capture only (`FUNCTION_SETTINGS`): of a range more rows are expected
 * than come, and elsewhere PostgreSQL might read the table for it.
 */
export const entriesOfKey = (
  tableId: number,
  columns: string,
  /** SQL of the key, collated by code unit. */
  key: string,
  condition: string,
): string => `select ${columns} from satchel.entries o
        where o.table_id = ${tableId} and o.key >= ${key} and o.key <= ${key} and ${condition}
        order by o.key, o.scope`;
