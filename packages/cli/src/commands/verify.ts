import { repairEntries, verifyEntries } from '@satchel/server';
import { type Command, isSet } from '../command.ts';
import { databaseHelp, databaseOptions, withDatabase } from '../database-address.ts';
import { appHelp, appOptions, loadApp } from '../load-app.ts';
import { renderTable } from '../screen.ts';

/** `satchel verify`: derives from the rows what capture should have noted, and compares. */
export const verify: Command = {
  name: 'verify',
  summary: 'compare what capture noted with the rows themselves, and mend it',
  usage: ['[--repair]'],
  options: { ...appOptions, ...databaseOptions, repair: { type: 'boolean' } },
  help: { ...appHelp, ...databaseHelp, repair: 'note what writers went round capture with' },
  async run(given) {
    const app = await loadApp(given);
    return withDatabase(given, async (db) => {
      const found = await verifyEntries(db, app);
      const repaired = isSet(given, 'repair') && found.some(({ missing, surplus }) => missing + surplus > 0);
      if (repaired) await repairEntries(db, app);
      const wrong = found.reduce((sum, { missing, surplus }) => sum + missing + surplus, 0);
      if (isSet(given, 'json')) given.screen.write(`${JSON.stringify({ tables: found, repaired })}\n`);
      else {
        const rows = found.map(({ table, entries, missing, surplus }) => [
          table,
          String(entries),
          String(missing),
          String(surplus),
        ]);
        given.screen.write(renderTable([['table', 'entries', 'missing', 'surplus'], ...rows]));
        given.screen.write(
          wrong === 0
            ? 'Every row is noted as it is.\n'
            : repaired
              ? 'Mended.\n'
              : 'Run satchel verify --repair to mend it.\n',
        );
      }
      return wrong === 0 || repaired ? 0 : 1;
    });
  },
};
