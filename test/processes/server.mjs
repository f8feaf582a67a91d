import { createServer, openDatabase, silentLog, systemScheduler } from '@satchel/server';
import app from './ledger-app.mjs';

/*
 * A server in a process of its own, so that it can be killed: by its parent at any
 * moment, or by itself within a named step of its work with the database. The step is
 * taken in what is handed to the server, the server knows nothing of it.
 */

const { url, secret, port, limits, step } = JSON.parse(process.env.SATCHEL_TEST_SERVER ?? '');

/** As good as from outside: nothing runs after it. */
const die = () => {
  process.send({ kind: 'at-step' });
  process.kill(process.pid, 'SIGKILL');
};

let left = step?.nth ?? 0;
/** `step`: `{ query, at: 'query' | 'before-commit' | 'after-commit', nth }`. */
const reach = (at, queries) => {
  if (step?.at !== at || !queries.includes(step.query)) return;
  left -= 1;
  if (left <= 0) die();
};

const database = await openDatabase({ url, applicationName: 'satchel', scheduler: systemScheduler });
const watched = {
  query: async (text, parameters, name) => {
    const result = await database.query(text, parameters, name);
    reach('query', [name]);
    return result;
  },
  transaction: async (mode, work) => {
    const queries = [];
    const result = await database.transaction(mode, async (tx) => {
      const worked = await work({
        query: async (text, parameters, name) => {
          const answer = await tx.query(text, parameters, name);
          queries.push(name);
          reach('query', [name]);
          return answer;
        },
        savepoint: (inner) => tx.savepoint(inner),
      });
      reach('before-commit', queries);
      return worked;
    });
    reach('after-commit', queries);
    return result;
  },
  listen: (channel, heard, reconnected) => database.listen(channel, heard, reconnected),
  close: () => database.close(),
};

const server = await createServer({
  app,
  database: watched,
  auth: { keys: { kind: 'secret', secret } },
  port,
  limits: { requestsPerMinute: 1_000_000, ...limits },
  log: silentLog,
});
process.send({ kind: 'listening', port: server.port });

const stop = () => {
  server
    .stop(0)
    .then(() => database.close())
    .then(
      () => process.exit(0),
      () => process.exit(1),
    );
};
process.on('SIGTERM', stop);
// A server whose parent is gone has nobody to serve.
process.on('disconnect', stop);
