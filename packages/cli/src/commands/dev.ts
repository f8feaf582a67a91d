import { join, resolve } from 'node:path';
import {
  createLog,
  createServer,
  developmentIssuer,
  startEmbedded,
  systemClock,
  systemRandom,
} from '@satchel/server';
import { type Command, isSet, textOption } from '../command.ts';
import { databaseHelp, databaseOptions, reaching } from '../database-address.ts';
import { DEVELOPMENT_FOLDER, developmentSecret } from '../development.ts';
import { appHelp, appOptions, loadApp } from '../load-app.ts';
import {
  listenHelp,
  listenOn,
  listenOptions,
  listOf,
  serverVariables,
  untilAborted,
} from '../server-settings.ts';

/** `satchel dev`: PostgreSQL, server and tokens on this machine, with one command. */
export const dev: Command = {
  usage: ['[--port N] [--user ID] [--roles a,b]'],
  options: {
    ...appOptions,
    ...databaseOptions,
    ...listenOptions,
    user: { type: 'string' },
    roles: { type: 'string' },
  },
  help: {
    ...appHelp,
    ...databaseHelp,
    ...listenHelp,
    user: 'user of the token that is printed; default dev',
    roles: 'roles of that token; default admin',
  },
  variables: { SATCHEL_ORIGINS: serverVariables.SATCHEL_ORIGINS },
  async run(given) {
    const { environment, signal } = given;
    const secret = await developmentSecret(given);
    const issuer = developmentIssuer({ clock: systemClock, random: systemRandom, secret, environment });
    const app = await loadApp(given);
    const where = listenOn(given);
    const named = textOption(given, 'database') ?? environment.DATABASE_URL;
    const postgres =
      named === undefined
        ? await startEmbedded({ dataDir: resolve(join(DEVELOPMENT_FOLDER, 'postgres')), signal })
        : undefined;
    try {
      const database = named ?? postgres?.url ?? '';
      const server = await reaching(database, () =>
        createServer({
          app,
          database,
          auth: issuer.auth,
          ...where,
          corsOrigins: listOf(environment.SATCHEL_ORIGINS),
          log: createLog({ level: 'warn', destination: process.stderr }),
        }),
      );
      try {
        const userId = textOption(given, 'user') ?? 'dev';
        const roles = listOf(textOption(given, 'roles') ?? 'admin');
        const token = await issuer.issue({ userId, roles, lifetime: 12 * 3_600 });
        given.screen.write(
          isSet(given, 'json')
            ? `${JSON.stringify({ url: server.url, token, userId, roles, ...(postgres ? { database } : {}) })}\n`
            : `${app.name} is served on ${server.url}\nDocumentation: ${server.url}/docs\n${postgres ? `PostgreSQL: ${database}\n` : ''}\nToken of ${userId} (${roles.join(', ')}), good for 12 hours:\n${token}\n\nOther users: npx satchel token USER [--roles a,b] [--claims JSON]\nCtrl-C stops everything; the data stays in ${DEVELOPMENT_FOLDER}/.\n`,
        );
        await untilAborted(signal);
      } finally {
        await server.stop();
      }
    } finally {
      await postgres?.stop();
    }
    return 0;
  },
};
