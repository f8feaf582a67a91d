import { applyApp, migrate as migrateSatchel, pendingMigrations, planAppTables } from '@satchel/server';
import { type Command, isSet } from '../command.ts';
import { databaseHelp, databaseOptions, withDatabase } from '../database-address.ts';
import { appHelp, appOptions, loadApp } from '../load-app.ts';

/** `satchel migrate`: brings the database to the app's definition. */
export const migrate: Command = {
  usage: ['[--dry-run]'],
  options: { ...appOptions, ...databaseOptions, 'dry-run': { type: 'boolean' } },
  help: { ...appHelp, ...databaseHelp, 'dry-run': 'print what would be done, and do nothing' },
  async run(given) {
    const app = await loadApp(given);
    return withDatabase(given, async (db) => {
      if (isSet(given, 'dry-run')) {
        const migrations = await pendingMigrations(db);
        const plan = await planAppTables(db, app);
        if (isSet(given, 'json')) given.screen.write(`${JSON.stringify({ migrations, ...plan })}\n`);
        else {
          for (const name of migrations) given.screen.write(`-- migration ${name}\n`);
          for (const action of plan.actions)
            given.screen.write(
              action.kind === 'sql'
                ? `${action.text.trim().replace(/;$/, '')};\n`
                : `-- every row of ${action.relation}: ${action.from.join(', ')} become ${action.to.join(', ')}\n`,
            );
          for (const { table, column, detail } of plan.warnings)
            given.screen.write(`-- note: ${table}${column ? `.${column}` : ''}: ${detail}\n`);
          if (migrations.length + plan.actions.length === 0) given.screen.write('Nothing to do.\n');
          else given.screen.write('-- then the triggers that note changes\n');
        }
        return 0;
      }
      const migrations = await migrateSatchel(db);
      await applyApp(db, app);
      given.screen.write(
        isSet(given, 'json')
          ? `${JSON.stringify({ migrations, schemaVersion: app.schemaVersion })}\n`
          : `Ran ${migrations.length} migrations; ${app.name} is at schema version ${app.schemaVersion}.\n`,
      );
      return 0;
    });
  },
};
