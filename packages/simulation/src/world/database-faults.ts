import type { SchemaVersion } from '../app/field-app.ts';
import type { World } from './world.ts';

/*
 * What happens to PostgreSQL as a whole. All connections end first: between two events
 * of the timeline nothing runs there.
 */

/** Takes a backup of the database as it is; false when there is one that was not yet put back. */
export const backUp = async (world: World): Promise<boolean> => {
  if (world.backup) return false;
  await apart(world, async () => {
    const name = `${world.database}_backup`;
    await world.cluster.copyDatabase(world.database, name);
    world.backup = { name, commits: world.commits, version: world.serverVersion };
  });
  return true;
};

/** The database is replaced by its backup: everything since is gone from it. */
export const restoreBackup = async (world: World): Promise<void> => {
  const { backup } = world;
  if (!backup || backup.version !== world.serverVersion) return;
  world.backup = null;
  const lost = world.commits - backup.commits;
  if (lost > 0) world.fire('F29', 'database', `restored, ${lost} commits lost`);
  await apart(world, async () => {
    await world.cluster.dropDatabase(world.database);
    await world.cluster.renameDatabase(backup.name, world.database);
  });
  world.emit({ kind: 'database-restored', survived: backup.commits, identity: 'new' });
};

/** kill -9 to PostgreSQL; it comes back on its data. */
export const crashDatabase = async (world: World): Promise<void> => {
  world.fire('F30', 'database', 'killed');
  await apart(world, () => world.cluster.crash());
  world.emit({ kind: 'database-restored', survived: world.commits, identity: 'same' });
};

/** Nobody is connected while `work` runs. */
const apart = async (world: World, work: () => Promise<void>): Promise<void> => {
  world.databaseTrouble = true;
  await world.cutDatabase();
  await world.closeReaders();
  await work();
  await world.openReaders();
  // Servers connect again, and say once more what they could not.
  world.timeline.after(
    60_000,
    () => {
      world.databaseTrouble = false;
    },
    'trouble over',
  );
};

/** The servers stop in good order, the tables are brought to the next version, and the servers of that version start. */
export const migrateServers = async (world: World, to: SchemaVersion): Promise<void> => {
  if (world.migrating || world.backup) return;
  world.migrating = true;
  world.fire('F33', 'servers', `to version ${to}`);
  for (const server of world.servers) server.refuse();
  await world.timeline.advance(2_000);
  for (const server of world.servers) {
    await world.until(server.wind(), 20_000);
    await server.crash();
    world.network.serverGone(server);
    world.emit({ kind: 'server', name: server.name, what: 'stopped' });
  }
  await world.gate.locksFreed();
  world.serverVersion = to;
  for (const index of world.servers.keys()) {
    await world.startServer(index);
    if (index === 0) {
      await world.reader.query('select sim.watch()');
      world.emit({ kind: 'migrated', to });
    }
  }
  world.migrating = false;
};
