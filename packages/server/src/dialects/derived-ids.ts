import { hash } from 'node:crypto';

/** Namespace of all ids that are made from what dialect clients call things. */
const NAMESPACE = Buffer.from('6f1f8a5f6d0c4f0e9b5c0f3f3c8f2d11', 'hex');

const VARIANT = ['8', '9', 'a', 'b'] as const;

/** UUIDv5 (RFC 9562): the same text always gives the same id. */
const uuidV5 = (text: string): string => {
  const hex = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(text, 'utf8')]), 'hex');
  const variant = VARIANT[Number.parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

/** Parts joined so that no two lists of parts give one text. */
const joined = (...parts: readonly string[]): string => JSON.stringify(parts);

/** The client that a device of this name is. */
export const clientIdOf = (deviceId: string): string => uuidV5(joined('device', deviceId));

/** All that a device of a dialect sends is of one run. */
export const runIdOf = (clientId: string): string => uuidV5(joined('run', clientId));

/** An item of a device: the same name and version is the same item, however often it comes. */
export const itemIdOf = (clientId: string, name: string, version: string): string =>
  uuidV5(joined('item', clientId, name, version));

/** The key of a row that a device made under a name which is no key. */
export const keyFromName = (clientId: string, table: string, name: string): string =>
  uuidV5(joined('key', clientId, table, name));
