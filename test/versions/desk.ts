import type { Statement } from '@satchel/client';
import type { Random } from '@satchel/core';
import type { Device } from '../whole/device.ts';

/** What the words of a version are in SQL. */
const WORDS = {
  1: { clients: 'clients', label: 'label' },
  2: { clients: 'customers', label: 'title' },
} as const;

/** What a device with an old app wrote, to be found on the server afterwards. */
export interface Written {
  /** The last name given to each client, in one piece. */
  readonly names: Map<string, string>;
  readonly labels: Map<string, string>;
  /** Increments by client. */
  readonly visits: Map<string, number>;
  readonly parts: Set<string>;
  /** Ids of mutations of which nothing is left in the third version, or that cannot be carried over. */
  readonly hopeless: Set<string>;
  count: number;
}

export const nothingWritten = (): Written => ({
  names: new Map(),
  labels: new Map(),
  visits: new Map(),
  parts: new Set(),
  hopeless: new Set(),
  count: 0,
});

/** Clients that were there in the beginning; each desk renames its own. */
export const CLIENTS = 40;
export const clientOf = (desk: number, at: number): string => `client-${desk}-${at % CLIENTS}`;
/** A client whose name nobody can split: it is renamed to nothing. */
export const NAMELESS = 'nameless';

/**
 * `count` mutations as an app of version 1 or 2 makes them: one after the other, each
 * of its own, over renamed tables and columns, a column that will be split, and a
 * column and a table that will be gone.
 */
export const work = async (
  device: Device,
  given: {
    readonly version: 1 | 2;
    readonly desk: number;
    readonly count: number /** The server of that version gets them. */;
    readonly served?: boolean;
    readonly random: Random;
  },
  written: Written = nothingWritten(),
): Promise<Written> => {
  const { version, desk, count, random } = given;
  const { clients, label } = WORDS[version];
  const some = (): string => clientOf(desk, Math.floor(random.next() * CLIENTS));
  const anybody = (): string => clientOf(random.next() < 0.5 ? 1 : 2, Math.floor(random.next() * CLIENTS));
  const write = async (...statements: Statement[]): Promise<string> => {
    const { mutationId } = await device.db.write(statements);
    if (mutationId === null) throw new Error('nothing was written');
    written.count += 1;
    return mutationId;
  };
  const visit = (key: string, by: number): Statement => {
    written.visits.set(key, (written.visits.get(key) ?? 0) + by);
    return { sql: `update ${clients} set visits = visits + ? where id = ?`, parameters: [by, key] };
  };
  const nameIt = (key: string, name: string): Statement => {
    written.names.set(key, name);
    return { sql: `update ${clients} set name = ? where id = ?`, parameters: [name, key] };
  };
  for (let at = written.count; at < count; at = written.count) {
    const mark = `${desk}-${at}`;
    switch (at % 10) {
      case 0:
        await write(nameIt(some(), `First${mark} Last${mark} of Place`));
        break;
      case 1:
        await write(visit(anybody(), 1 + (at % 7)));
        break;
      case 2:
        written.hopeless.add(
          await write({
            sql: `update ${clients} set phone = ? where id = ?`,
            parameters: [`phone ${mark}`, some()],
          }),
        );
        break;
      case 3: {
        const key = `new-${mark}`;
        written.names.set(key, `Only${mark}`);
        await write({
          sql: `insert into ${clients} (id, store_id, name, phone, visits) values (?, '1', ?, ?, 0)`,
          parameters: [key, `Only${mark}`, `phone ${mark}`],
        });
        break;
      }
      case 4: {
        const key = `part-${desk}-${at % CLIENTS}`;
        written.labels.set(key, `label ${mark}`);
        await write({
          sql: `update parts set ${label} = ? where id = ?`,
          parameters: [`label ${mark}`, key],
        });
        break;
      }
      case 5: {
        const key = `made-part-${mark}`;
        written.parts.add(key);
        await write({
          sql: `insert into parts (id, client_id, ${label}, size) values (?, ?, ?, ?)`,
          parameters: [key, some(), `label ${mark}`, at],
        });
        break;
      }
      case 6: {
        const key = some();
        await write(
          nameIt(key, `Whole${mark} Row${mark}`),
          { sql: `update ${clients} set phone = ? where id = ?`, parameters: [`phone ${mark}`, key] },
          visit(key, 10),
        );
        break;
      }
      case 7:
        written.hopeless.add(
          await write({
            sql: `insert into drafts (id, store_id, body) values (?, '1', ?)`,
            parameters: [`draft-${mark}`, `body ${mark}`],
          }),
        );
        break;
      case 8:
        await write(
          {
            sql: `insert into drafts (id, store_id, body) values (?, '1', ?)`,
            parameters: [`draft-${mark}`, 'beside'],
          },
          visit(anybody(), 2),
        );
        break;
      default:
        // A server of the old version would take it, and the migration would stop at it.
        if (given.served) {
          await write(visit(anybody(), 3));
          break;
        }
        written.hopeless.add(
          await write({
            sql: `update ${clients} set name = ? where id = ?`,
            parameters: [` ${mark}`, NAMELESS],
          }),
        );
    }
  }
  return written;
};
