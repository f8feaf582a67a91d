import { SatchelError } from '@satchel/protocol';
import { useNow } from '../../hooks/use-now.ts';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import { useSatchel } from '../../provider.tsx';
import { lastSuccessOf } from '../sync-indicator/use-sync-indicator.ts';

export interface Staleness {
  readonly stale: boolean;
  /** When this device last held all that the server had; null: never. */
  readonly since: number | null;
}

/**
 * Whether what is shown of a table may be out of date, by `staleAfter` of the table.
 * While the live connection stands nothing is. A table without `staleAfter` never is.
 *
 * @throws `table_unknown`
 */
export const useStaleness = (table: string): Staleness => {
  const { tables } = useSatchel().app;
  const known = tables[table];
  if (!known) throw new SatchelError('table_unknown', { table });
  const status = useSyncStatus();
  const now = useNow();
  const since = status ? lastSuccessOf(status) : null;
  if (!status || known.staleAfter === undefined || (status.live && status.online && since !== null))
    return { stale: false, since };
  return { stale: since === null || now - since > known.staleAfter, since };
};
