/** The documents' three kinds of conflict. */
export type ConflictType = 'UPDATE_UPDATE' | 'DELETE_UPDATE' | 'ID_COLLISION';

export type Resolution =
  | { readonly action: 'accept_server'; readonly backup_local: true; readonly notify_user: false }
  | {
      readonly action: 'ask_user';
      readonly options: readonly ['keep_local', 'accept_delete'];
      readonly backup_local: true;
    }
  | { readonly action: 'generate_new_id'; readonly sync_both: true };

/**
 * What the shop's rules say of a conflict of this kind. Pure: the rules look at neither
 * side. The server carries them out by the app's policies; this is for screens that
 * ask, and for code written against the documents. An unknown kind gives `undefined`.
 *
 * @example
 * ```ts
 * resolveConflict({ price: 50 }, { price: 55 }, 'UPDATE_UPDATE');
 * // { action: 'accept_server', backup_local: true, notify_user: false }
 * ```
 */
export const resolveConflict = (
  _localData: unknown,
  _serverData: unknown,
  conflictType: ConflictType | (string & {}),
): Resolution | undefined => {
  switch (conflictType) {
    case 'UPDATE_UPDATE':
      return { action: 'accept_server', backup_local: true, notify_user: false };
    case 'DELETE_UPDATE':
      return { action: 'ask_user', options: ['keep_local', 'accept_delete'], backup_local: true };
    case 'ID_COLLISION':
      return { action: 'generate_new_id', sync_both: true };
    default:
      return undefined;
  }
};
