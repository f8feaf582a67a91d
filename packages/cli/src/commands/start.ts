import { createServer } from '@satchel/server';
import { type Command, isSet } from '../command.ts';
import { databaseHelp, databaseOptions, databaseUrl } from '../database-address.ts';
import { appHelp, appOptions, loadApp } from '../load-app.ts';
import {
  authSettings,
  listenHelp,
  listenOn,
  listenOptions,
  listOf,
  untilAborted,
} from '../server-settings.ts';

/** `satchel start`: the server, for production. */
export const start: Command = {
  name: 'start',
  summary: 'run the server on your PostgreSQL',
  usage: ['[--port N] [--host ADDRESS]'],
  options: { ...appOptions, ...databaseOptions, ...listenOptions },
  help: { ...appHelp, ...databaseHelp, ...listenHelp },
  async run(given) {
    const { environment, signal } = given;
    const app = await loadApp(given);
    const server = await createServer({
      app,
      database: databaseUrl(given),
      auth: authSettings(environment),
      ...listenOn(given),
      corsOrigins: listOf(environment.SATCHEL_ORIGINS),
      ...(environment.SATCHEL_METRICS_TOKEN === undefined
        ? {}
        : { metricsToken: environment.SATCHEL_METRICS_TOKEN }),
    });
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
