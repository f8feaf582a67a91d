import { httpTransport, localPort, openSatchel } from '@satchel/client';
import {
  betterSqlite3Driver,
  nodePlatform,
  openEngine,
  systemClock,
  systemRandom,
} from '@satchel/client/node';
import { SatchelError } from '@satchel/protocol';
import { seededRandom } from '@satchel/testing/random';
import app from './ledger-app.mjs';

/*
 * A device in a process of its own, which writes and syncs until it is killed: by its
 * parent at any moment, or by itself within a named step. Steps are taken in what is
 * handed to the client (its driver, its engine's port, its transport), the client knows
 * nothing of them.
 *
 * It tells its parent what it is about to write, and again when the write's promise
 * has resolved: the parent keeps the ledger.
 */

const { directory, server, name, team, token, next, drafts, step, seed } = JSON.parse(
  process.env.SATCHEL_TEST_DEVICE ?? '',
);
const tell = (message) => process.send(message);

// --- where it dies

let left = step?.nth ?? 0;
let dying = false;
const die = () => {
  if (dying) return;
  dying = true;
  tell({ kind: 'at-step' });
  process.kill(process.pid, 'SIGKILL');
};
/** `step`: `{ during, at, nth }`: at the how-manieth time that it comes by. */
const reach = (during, at) => {
  if (step?.during !== during || step.at !== at) return;
  left -= 1;
  if (left <= 0) die();
};

/** What the engine is doing, by the name of the method; pages by their kind. */
let during = 'open';
const kindOfPage = (lines) => {
  const [head] = lines;
  if (head.mode !== 'delta-part') return head.mode === 'backfill' ? 'backfill' : 'delta';
  return lines.at(-1).checkpoint ? 'last-part' : 'part';
};

const watchedDriver = (driver) => {
  const known = new Map();
  return {
    prepare: (sql) => {
      const statement = driver.prepare(sql);
      let watched = known.get(sql);
      if (watched?.statement !== statement) {
        const call =
          (method) =>
          (...given) => {
            if (sql === 'commit') reach(during, 'before-commit');
            const result = statement[method](...given);
            reach(during, sql === 'commit' ? 'after-commit' : 'statement');
            return result;
          };
        watched = {
          statement,
          own: {
            run: call('run'),
            runEach: call('runEach'),
            all: call('all'),
            get: call('get'),
            reader: statement.reader,
            readonly: statement.readonly,
          },
        };
        known.set(sql, watched);
      }
      return watched.own;
    },
    exec: (sql) => {
      driver.exec(sql);
      reach(during, 'statement');
    },
    setDurability: (durability) => driver.setDurability(durability),
    durability: driver.durability,
    bulk: driver.bulk,
    flush: () => driver.flush(),
    close: () => driver.close(),
  };
};

const watchedPort = (port) => ({
  call: async (method, ...args) => {
    during = method === 'takePage' ? kindOfPage(args[0]) : method;
    const own = during;
    let answer;
    try {
      // The engine runs at once, within the call.
      answer = port.call(method, ...args);
    } finally {
      during = 'nothing';
    }
    const result = await answer;
    if (method !== 'takeBatch' || result !== null) reach(own, 'answered');
    return result;
  },
  settled: () => port.settled(),
  close: () => port.close(),
});

let integrity;
let port;
const platform = nodePlatform({ directory });
const watchedPlatform = {
  ...platform,
  openEngine: async ({ app, name, userId, durability }) => {
    const driver = betterSqlite3Driver({ directory }).open(name);
    integrity = driver.prepare('pragma integrity_check').get().integrity_check;
    const engine = openEngine({
      app,
      driver: watchedDriver(driver),
      userId,
      clock: systemClock,
      random: systemRandom,
      durability,
    });
    port = watchedPort(localPort(engine, () => driver.flush()));
    // A first copy happens once in a device's life, unless it is asked for again.
    if (step?.during === 'backfill') await port.call('forgetCursor');
    return port;
  },
};

const http = httpTransport({
  server,
  token: () => token,
  exchange: platform.exchange,
  openSocket: platform.openSocket,
});
let pushes = 0;
const watchedTransport = {
  ...http,
  push: async (request, signal) => {
    pushes += 1;
    if (step?.during === 'returnBatch' && pushes > 1) throw new SatchelError('network_unreachable');
    const answer = http.push(request, signal);
    // On its way, or already being worked on.
    if (step?.during === 'push' && step.at === 'sent') setTimeout(() => reach('push', 'sent'), step.wait);
    const response = await answer;
    reach('push', 'answered');
    return response;
  },
  pull: async (request, digest, signal) => {
    const answer = await http.pull(request, digest, signal);
    if (answer.kind === 'page') reach('pull', 'answered');
    return answer;
  },
  live: (open) =>
    http.live({
      ...open,
      page: (lines) => {
        reach('live', 'page');
        open.page(lines);
      },
    }),
};

// --- what it does

const db = await openSatchel({
  app,
  platform: watchedPlatform,
  server,
  user: { id: name },
  token: () => token,
  transport: watchedTransport,
});
// Its parent says at once whether it shall write or only catch up.
let finishing = false;
let begin = () => {};
const begun = new Promise((done) => {
  begin = done;
});
process.on('message', ({ kind }) => {
  if (kind === 'finish') finishing = true;
  begin();
});
const column = async (sql) => (await db.all(sql)).map((row) => Object.values(row)[0]);
tell({
  kind: 'opened',
  integrity,
  file: db.name,
  notes: await column(`select id from notes where writer = '${name}'`),
  drafts: await column(`select id from drafts where writer = '${name}'`),
  mark: (await column(`select value from marks where id = '${name}'`))[0] ?? null,
});

// A device whose parent is gone has nobody to serve.
process.on('disconnect', () => process.exit(0));

let number = next;
const ownDrafts = [...drafts];
const random = seededRandom(seed);
const pick = (bound) => Math.floor(random.next() * bound);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const write = async (what, statements) => {
  number += 1;
  tell({ kind: 'trying', number, what });
  await db.write(statements);
  tell({ kind: 'told', number });
};

const writeSomething = async () => {
  const id = `${name}-${number + 1}`;
  switch (pick(6)) {
    case 0:
      return write({ mark: number + 1 }, [
        {
          sql: 'insert into marks (id, team, value) values (?, ?, ?) on conflict (id) do update set value = excluded.value',
          parameters: [name, team, number + 1],
        },
      ]);
    case 1:
      await write({ draft: id }, [
        { sql: 'insert into drafts (id, team, writer) values (?, ?, ?)', parameters: [id, team, name] },
      ]);
      ownDrafts.push(id);
      return;
    case 2: {
      const [draft] = ownDrafts.splice(pick(ownDrafts.length), 1);
      if (draft === undefined) return;
      return write({ erased: draft }, [{ sql: 'delete from drafts where id = ?', parameters: [draft] }]);
    }
    default: {
      const counters = await column('select id from counters order by id');
      const counterId = counters[pick(counters.length)];
      if (counterId === undefined) return;
      const amount = 1 + pick(9);
      return write({ note: id, counterId, amount }, [
        { sql: 'update counters set total = total + ? where id = ?', parameters: [amount, counterId] },
        {
          sql: 'insert into notes (id, team, counter_id, amount, writer) values (?, ?, ?, ?, ?)',
          parameters: [id, team, counterId, amount, name],
        },
      ]);
    }
  }
};

await begun;
while (!finishing) {
  for (let count = pick(3); count >= 0; count -= 1) await writeSomething();
  const run = db.sync.now();
  if (pick(2) === 0) await run;
  await pause(pick(25));
}

for (;;) {
  const run = await db.sync.now();
  const status = await db.status();
  if (run?.problem === undefined && status.pending === 0 && status.complete) break;
  await pause(50);
}
const { quarantined, openConflicts, cloned } = await db.status();
await db.close();
await platform.close();
tell({ kind: 'finished', quarantined, openConflicts, cloned });
process.disconnect();
