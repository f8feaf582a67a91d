import { newDigest } from '@satchel/core';

/** Start of the names of all databases of an app on one device. */
export const databasePrefix = (appName: string): string => `satchel-${appName}-`;

/**
 * The name of the one local database of an app, a server and a user. Another user,
 * or another server, has another database, and another outbox.
 */
export const databaseName = (appName: string, server: string, userId: string): string => {
  const digest = newDigest();
  digest.add(server.replace(/\/+$/, '').toLowerCase());
  digest.add(userId);
  return databasePrefix(appName) + digest.done().slice(0, 24);
};
