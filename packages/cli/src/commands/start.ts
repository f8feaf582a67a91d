import { createLog, createServer } from '@satchel/server';
import { type Command, isSet } from '../command.ts';
import { databaseHelp, databaseOptions, databaseUrl, reaching } from '../database-address.ts';
import { appHelp, appOptions, loadApp } from '../load-app.ts';
import {
  alertSettings,
  authSettings,
  listenHelp,
  listenOn,
  listenOptions,
  listOf,
  serverVariables,
  untilAborted,
} from '../server-settings.ts';

/** `satchel start`: the server, for production. */
export const start: Command = {
  usage: ['[--port N] [--host ADDRESS]'],
  options: { ...appOptions, ...databaseOptions, ...listenOptions },
  help: { ...appHelp, ...databaseHelp, ...listenHelp },
  variables: serverVariables,
  async run(given) {
    const { environment, signal } = given;
    const app = await loadApp(given);
    const database = databaseUrl(given);
    const auth = authSettings(environment);
    const where = listenOn(given);
    const server = await reaching(database, () =>
      createServer({
        app,
        database,
        auth,
        ...where,
        ...alertSettings(environment),
        corsOrigins: listOf(environment.SATCHEL_ORIGINS),
        // Standard output says where it listens; what happens then goes beside it.
        log: createLog({ destination: process.stderr }),
        ...(environment.SATCHEL_METRICS_TOKEN === undefined
          ? {}
          : { metricsToken: environment.SATCHEL_METRICS_TOKEN }),
      }),
    );
    try {
      given.screen.write(
        isSet(given, 'json')
          ? `${JSON.stringify({ url: server.url, app: app.name })}\n`
          : `${app.name} is served on ${server.url}\n`,
      );
      await untilAborted(signal);
    } finally {
      await server.stop();
    }
    return 0;
  },
};
