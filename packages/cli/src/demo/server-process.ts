import { invariant } from '@satchel/protocol';
import { createServer, silentLog } from '@satchel/server';
import { flightsApp } from './flights-app.ts';

/* The server of the demo: a process of its own, so that it can be killed. */

const { SATCHEL_DEMO_DATABASE: database, SATCHEL_DEMO_SECRET: secret, SATCHEL_DEMO_PORT: port } = process.env;
invariant(database && secret && port, 'the demo starts this process');

const server = await createServer({
  app: flightsApp,
  database,
  auth: { keys: { kind: 'secret', secret } },
  port: Number(port),
  host: '127.0.0.1',
  limits: { requestsPerMinute: 60_000 },
  log: silentLog,
});
process.send?.({ kind: 'listening', port: server.port });
const stop = (): void => {
  server.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
};
process.on('SIGTERM', stop);
// A server whose parent is gone has nobody to serve.
process.on('disconnect', stop);
