import { SatchelError } from '@satchel/protocol';
import { readTableIds, repairEntries, verifyEntries } from '@satchel/server';
import { type Command, isSet } from '../command.ts';
import { databaseHelp, databaseOptions, withDatabase } from '../database-address.ts';
import { appHelp, appOptions, loadApp } from '../load-app.ts';
import { renderTable } from '../screen.ts';

/** Differences that are named one by one; all are counted. */
const NAMED = 20;

/** `satchel verify`: derives from the rows what capture should have noted, and compares. */
export const verify: Command = {
  usage: ['[--repair]'],
  options: { ...appOptions, ...databaseOptions, repair: { type: 'boolean' } },
  help: { ...appHelp, ...databaseHelp, repair: 'note what writers went round capture with' },
  async run(given) {
    const app = await loadApp(given);
    return withDatabase(given, async (db) => {
      const tableIds = await readTableIds(db);
      const missing = app.tableOrder.find((name) => !tableIds.has(name));
      if (missing !== undefined) throw new SatchelError('database_behind', { what: `the table ${missing}` });
      const { counts, differences } = await verifyEntries(db, app, tableIds, NAMED);
      const repaired = isSet(given, 'repair') && counts.size > 0 ? await repairEntries(db, app, tableIds) : 0;
      if (isSet(given, 'json')) {
        given.screen.write(
          `${JSON.stringify({ counts: Object.fromEntries(counts), differences, repaired })}\n`,
        );
      } else if (counts.size === 0) {
        given.screen.write('Every row is noted as it is.\n');
      } else {
        given.screen.write(
          renderTable([
            ['table', 'key', 'scope', 'state'],
            ...differences.map(({ table, key, scope, state }) => [table, key, scope, state]),
          ]),
        );
        for (const [table, count] of counts) given.screen.write(`${count} of ${table} differ\n`);
        given.screen.write(
          repaired > 0 ? `Mended ${repaired} rows.\n` : 'Run satchel verify --repair to mend it.\n',
        );
      }
      return counts.size === 0 || repaired > 0 ? 0 : 1;
    });
  },
};
