/** Table and key in one text, for maps. Neither holds a line feed before the key begins. */
export type RowAddress = string;

export const rowAddress = (table: string, key: string): RowAddress => `${table}\n${key}`;

export const tableOf = (address: RowAddress): string => address.slice(0, address.indexOf('\n'));

export const keyOfAddress = (address: RowAddress): string => address.slice(address.indexOf('\n') + 1);
