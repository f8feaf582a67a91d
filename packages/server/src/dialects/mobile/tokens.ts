import { createHash } from 'node:crypto';
import { SatchelError } from '@satchel/protocol';
import { tokenToCursor } from '../../pull/token.ts';

/** What a token of this dialect says: whose it is, and the native cursor (`null`: nothing yet). */
export interface MobileToken {
  readonly deviceId: string;
  readonly cursor: string | null;
}

const PREFIX = 'tok_';
const FORM = /^tok_([\w-]+)\.([\w-]*)\.([0-9a-f]{12})$/;

const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

export const makeToken = ({ deviceId, cursor }: MobileToken): string => {
  const body = `${Buffer.from(deviceId, 'utf8').toString('base64url')}.${cursor ?? ''}`;
  return `${PREFIX}${body}.${sumOf(body)}`;
};

/**
 * Devices keep tokens and never look inside.
 *
 * @throws `cursor_invalid` for one that was changed, or that no server gave
 */
export const readToken = (token: string): MobileToken => {
  const match = FORM.exec(token);
  const [, device = '', cursor = '', sum] = match ?? [];
  if (match === null || sumOf(`${device}.${cursor}`) !== sum) throw new SatchelError('cursor_invalid');
  if (cursor !== '') tokenToCursor(cursor);
  return {
    deviceId: Buffer.from(device, 'base64url').toString('utf8'),
    cursor: cursor === '' ? null : cursor,
  };
};

/** The cursor of a token that must be this device's. @throws `cursor_invalid` */
export const cursorOfToken = (
  token: string | null | undefined,
  deviceId: string,
): string | null | undefined => {
  if (token === undefined || token === null || token === '') return undefined;
  const read = readToken(token);
  if (read.deviceId !== deviceId) throw new SatchelError('cursor_invalid');
  return read.cursor;
};
