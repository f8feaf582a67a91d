import type { SatchelClient } from '../satchel-client.ts';
import { Observed } from './observed.ts';

/** Two readings that say the same are one: lists are small and plain data. */
const text = (value: unknown): string | undefined => JSON.stringify(value);

/**
 * What is read anew whenever the status is told: the outbox, conflicts and the like
 * change only together with it. A change that comes while it is read is read once more.
 */
export const reread = <T>(db: SatchelClient, read: () => Promise<T>): Observed<T> =>
  new Observed((tell, fail) => {
    let stopped = false;
    let reading = false;
    let again = false;
    let last: string | undefined;
    const take = async (): Promise<void> => {
      if (reading) {
        again = true;
        return;
      }
      reading = true;
      do {
        again = false;
        try {
          const value = await read();
          const now = text(value);
          if (!stopped && (last === undefined || now !== last)) {
            last = now ?? '';
            tell(value);
          }
        } catch (error) {
          if (!stopped) fail(error);
        }
      } while (again && !stopped);
      reading = false;
    };
    const end = db.onStatus(() => {
      take().catch(fail);
    });
    return () => {
      stopped = true;
      end();
    };
  });
