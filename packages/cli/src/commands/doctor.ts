import { doctor as examine, systemClock } from '@satchel/server';
import { type Command, isSet } from '../command.ts';
import { databaseHelp, databaseOptions, withDatabase } from '../database-address.ts';
import { appHelp, appOptions, loadApp } from '../load-app.ts';

/** `satchel doctor`: what would lose, miss or leak changes, or will hurt soon. */
export const doctor: Command = {
  usage: ['[--deep]'],
  options: { ...appOptions, ...databaseOptions, deep: { type: 'boolean' } },
  help: { ...appHelp, ...databaseHelp, deep: 'also derive every entry from its row (reads all synced rows)' },
  async run(given) {
    const app = await loadApp(given);
    const findings = await withDatabase(given, (db) =>
      examine(db, app, { clock: systemClock, deep: isSet(given, 'deep') }),
    );
    if (isSet(given, 'json')) given.screen.write(`${JSON.stringify({ findings })}\n`);
    else if (findings.length === 0) given.screen.write('All is well.\n');
    else
      for (const { severity, where, what, remedy } of findings)
        given.screen.write(`${severity.padEnd(7)}  ${where}: ${what}\n         -> ${remedy}\n`);
    return findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  },
};
