import type { RowVerdict } from '@satchel/core';
import { type Change, type Problem, SatchelError, unreachable, type Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { keyOfAddress, type RowAddress } from './row-address.ts';
import type { RowState } from './row-state.ts';
import type { ChangeVerdict } from './verdict.ts';

/** One change, about to be decided. */
export interface ChangeCase {
  readonly index: number;
  readonly table: Table;
  /** Under the server's keys. */
  readonly change: Change;
  readonly isRenamed: boolean;
  readonly address: RowAddress;
  /** The address under which the client knows the row. */
  readonly clientAddress: RowAddress;
  readonly row: RowState | undefined;
  readonly server: Values | null;
}

/** Where an outcome says that the change was. */
export const placeOf = ({
  change,
  clientAddress,
  address,
}: ChangeCase): Pick<ChangeVerdict, 'table' | 'key' | 'clientKey'> => ({
  table: change.table,
  key: change.key,
  ...(clientAddress === address ? {} : { clientKey: keyOfAddress(clientAddress) }),
});

/** The row after a verdict. */
export const effectOn = (server: Values | null, { effect, write }: RowVerdict): Values | null => {
  switch (effect) {
    case 'none':
      return server;
    case 'insert':
      return write;
    case 'update':
      return { ...server, ...write };
    case 'delete':
      return null;
    default:
      return unreachable(effect);
  }
};

export const problem = (...[code, params]: ConstructorParameters<typeof SatchelError>): Problem =>
  new SatchelError(code, params).toProblem();

/** What is there and out of sight may not be changed, nor told of. */
export const outOfReach = ({ op, table, key }: Change): Problem =>
  problem(op === 'insert' ? 'row_exists' : 'scope_denied', { table, key });
