import type { Conflict, ResolveRequest } from '@satchel/protocol';
import type { AlertSource } from './hooks.ts';

export type ConflictChoice = 'keep_local' | 'use_server' | 'merge';

/**
 * Asks the person; the promise resolves once, with the first answer. A conflict that is
 * not answered stays open, and is asked about again.
 */
export const showConflictResolution = (
  conflict: { readonly table_name: string },
  alert: AlertSource,
): Promise<ConflictChoice> =>
  new Promise((resolve) => {
    alert.alert('Data Conflict Found', `${conflict.table_name} has been changed on both devices.`, [
      { text: 'Keep Local Version', onPress: () => resolve('keep_local') },
      { text: 'Use Server Version', onPress: () => resolve('use_server') },
      { text: 'Merge Both', onPress: () => resolve('merge') },
    ]);
  });

/** A choice as the server takes it. Both are merged field by field: what was filled in here, else the server's. */
export const resolutionOf = (choice: ConflictChoice, { client, columns }: Conflict): ResolveRequest => {
  switch (choice) {
    case 'keep_local':
      return { decision: 'accept-client' };
    case 'use_server':
      return { decision: 'accept-server' };
    case 'merge':
      return {
        decision: 'merged',
        fields: Object.fromEntries(
          columns.map((name) => [name, { take: (client?.[name] ?? null) === null ? 'server' : 'client' }]),
        ),
      };
  }
};
