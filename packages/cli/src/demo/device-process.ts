import { join } from 'node:path';
import type { NetworkSource, NetworkState } from '@satchel/client';
import { openSatchel, type Satchel } from '@satchel/client';
import { nodePlatform } from '@satchel/client/node';
import { newUuidV7 } from '@satchel/core';
import { invariant } from '@satchel/protocol';
import { seededRandom } from '@satchel/testing/random';
import type { DeviceMessage, DeviceReport, DeviceRequest, DeviceSettings, Told } from './device-link.ts';
import { type Edit, type Holdings, makeEdits, sharedEdits } from './edits.ts';
import { flightsApp } from './flights-app.ts';

/*
 * One device of the demo: a process of its own, with its own database, that may be
 * killed at any moment. It does what its parent asks and tells what it has saved.
 */

const tell = (message: DeviceMessage): void => {
  process.send?.(message);
};

/** A network that goes and comes when the parent says so. */
const switchable = (): NetworkSource & { set(online: boolean): void } => {
  let state: NetworkState = { online: true, kind: 'unknown' };
  const heard = new Set<(state: NetworkState) => void>();
  return {
    state: () => state,
    onChange: (listener) => {
      heard.add(listener);
      return () => heard.delete(listener);
    },
    set(online) {
      state = { ...state, online };
      for (const listener of heard) listener(state);
    },
  };
};

const network = switchable();
let opened: { readonly db: Satchel; readonly settings: DeviceSettings; close(): Promise<void> } | undefined;

const current = () => {
  invariant(opened, 'the device is not open');
  return opened;
};

const open = async (settings: DeviceSettings): Promise<void> => {
  const platform = nodePlatform({ directory: settings.directory, network });
  const db = await openSatchel({
    app: flightsApp,
    platform,
    server: settings.server,
    user: { id: settings.userId },
    token: () => settings.token,
    device: { name: settings.name, platform: 'demo' },
  });
  let last = 0;
  db.onStatus((status) => {
    const now = platform.clock.now();
    if (now - last < 200) return;
    last = now;
    tell({
      kind: 'progress',
      rows: status.progress.rowsTaken,
      remaining: status.progress.rowsRemaining,
      pending: status.pending,
      phase: status.phase,
      problem: status.problem?.code ?? status.needsAuth,
    });
  });
  opened = {
    db,
    settings,
    close: async () => {
      await db.close();
      await platform.close();
    },
  };
};

/** Resolves when `done` says so of the status; asks again at each change and, for what changes unseen, each second. */
const until = async (done: (status: Awaited<ReturnType<Satchel['status']>>) => boolean): Promise<void> => {
  const { db } = current();
  await new Promise<void>((resolve) => {
    const look = async (): Promise<void> => {
      if (!done(await db.status())) return;
      clearInterval(timer);
      end();
      resolve();
    };
    const timer = setInterval(look, 1_000);
    const end = db.onStatus(look);
  });
};

const holdings = async (): Promise<Holdings> => {
  const { db } = current();
  const keys = async (sql: string): Promise<string[]> =>
    (await db.all(sql)).map((row) => String(Object.values(row)[0]));
  return {
    airports: await keys('select iata from airports order by iata'),
    routes: (await db.all('select origin, destination from routes order by origin, destination')).map(
      (row) => ({
        origin: String(row.origin),
        destination: String(row.destination),
      }),
    ),
    flights: await keys('select id from flights order by id'),
    zipCodes: await keys('select zip_code from zip_codes order by zip_code'),
    records: await keys('select line from records order by line'),
  };
};

const edit = async (request: DeviceRequest & { ask: 'edit' }): Promise<number> => {
  const { db, settings } = current();
  const random = seededRandom(request.seed);
  const edits: Edit[] = [
    ...sharedEdits(settings.name, request.shared),
    ...makeEdits(settings.name, request.count, await holdings(), random, () =>
      newUuidV7({ now: () => Date.now() }, random),
    ),
  ];
  let told: Told[] = [];
  for (const { queries, visits } of edits) {
    const { mutationId } = await db.write(queries);
    if (mutationId !== null) told.push({ mutationId, ...(visits ? { visits } : {}) });
    if (told.length >= 100) {
      tell({ kind: 'told', told });
      told = [];
    }
  }
  tell({ kind: 'told', told });
  return edits.length;
};

const report = async (): Promise<DeviceReport> => {
  const { db, settings } = current();
  const status = await db.status();
  const rows = await db.get(
    `select (select count(*) from airports) + (select count(*) from routes) + (select count(*) from flights)
          + (select count(*) from zip_codes) + (select count(*) from records) as n`,
  );
  const usage = await db.usage('2000-01-01');
  const bytes = (direction: 'up' | 'down'): number =>
    usage.filter((entry) => entry.direction === direction).reduce((sum, entry) => sum + entry.bytes, 0);
  const outcomes = { applied: 0, merged: 0, superseded: 0, review: 0, rejected: 0 };
  for (const { outcome } of await db.outbox.list({ limit: 1_000_000 }))
    if (outcome) outcomes[outcome.outcome] += 1;
  return {
    rows: Number(rows?.n ?? 0),
    pending: status.pending,
    review: status.review,
    quarantined: status.quarantined,
    sent: bytes('up'),
    received: bytes('down'),
    outcomes,
    file: join(settings.directory, `${db.name}.sqlite`),
  };
};

const perform = async (request: DeviceRequest): Promise<unknown> => {
  switch (request.ask) {
    case 'open':
      return open(request.device);
    case 'network':
      return network.set(request.online);
    case 'first-sync':
      return until((status) => status.complete && !status.downloading);
    case 'edit':
      return edit(request);
    case 'drain':
      return until((status) => status.pending === status.review && !status.uploading);
    case 'catch-up': {
      const run = await current().db.sync.now();
      return run?.problem === undefined;
    }
    case 'report':
      return report();
    case 'close':
      await current().close();
      return undefined;
  }
};

process.on('message', ({ id, request }: { readonly id: number; readonly request: DeviceRequest }) => {
  perform(request).then(
    (result) => {
      tell({ kind: 'answer', id, result });
      if (request.ask === 'close') process.disconnect();
    },
    (error) =>
      tell({
        kind: 'failed',
        id,
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  );
});
// A device whose parent is gone has nobody to serve.
process.on('disconnect', () => process.exit(0));
