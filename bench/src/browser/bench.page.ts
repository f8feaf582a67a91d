import { openSatchel, type Satchel } from '@satchel/client';
import { browserPlatform } from '@satchel/client/browser';
import { benchApp } from '../bench-app.ts';

/** What the benchmark in Node reaches in the page. All times are in milliseconds. */
export interface BenchPage {
  bare(rows: number): Promise<number>;
  open(server: string, user: string, token: string, start: boolean): Promise<number>;
  /** Starts sync and waits until all is there. */
  firstSync(): Promise<number>;
  /** Of each write: until it is durable, and until the live query has told of it. */
  writes(count: number): Promise<{ readonly written: readonly number[]; readonly shown: readonly number[] }>;
  /** One write, however many leaders it takes; until it is durable. */
  write(): Promise<number>;
  count(): Promise<number>;
  longestTask(): number;
  close(): Promise<void>;
}

let opened: Satchel<typeof benchApp> | undefined;
const db = (): Satchel<typeof benchApp> => {
  if (!opened) throw new Error('not open');
  return opened;
};

let longest = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
}).observe({ type: 'longtask', buffered: true });

const alert = (key: string) => ({
  sql: "insert into alerts (id, project_id, body) values (?, 'p1', 'of the benchmark')",
  parameters: [key],
});

const bench: BenchPage = {
  bare: (rows) =>
    new Promise((done, failed) => {
      const worker = new Worker(new URL('./bare.worker.ts', import.meta.url), { type: 'module' });
      worker.onmessage = ({ data }: MessageEvent<{ ms: number } | { error: string }>) => {
        worker.terminate();
        if ('ms' in data) done(data.ms);
        else failed(new Error(data.error));
      };
      worker.postMessage(rows);
    }),
  async open(server, user, token, start) {
    const startedAt = performance.now();
    opened = await openSatchel({
      app: benchApp,
      platform: browserPlatform({
        worker: () => new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' }),
      }),
      server,
      user: { id: user },
      token: () => token,
      start,
    });
    await opened.all('select id, title from tasks order by id limit 50');
    return performance.now() - startedAt;
  },
  firstSync: () => {
    const startedAt = performance.now();
    return new Promise((done) => {
      const end = db().onStatus(({ phase }) => {
        if (phase !== 'synced') return;
        done(performance.now() - startedAt);
        queueMicrotask(() => end());
      });
      db().sync.start();
    });
  },
  async writes(count) {
    const written: number[] = [];
    const shown: number[] = [];
    for (let number = 0; number < count; number++) {
      const key = crypto.randomUUID();
      let told: () => void = () => {};
      const seen = new Promise<void>((done) => {
        told = done;
      });
      const query = db().live(
        { sql: 'select id from alerts where id = ?', parameters: [key], identity: ['id'] },
        ({ rows }) => {
          if (rows.length > 0) told();
        },
      );
      await query.ready;
      const from = performance.now();
      const durable = db()
        .write([alert(key)])
        .then(() => written.push(performance.now() - from));
      await seen;
      shown.push(performance.now() - from);
      await durable;
      query.stop();
    }
    return { written, shown };
  },
  async write() {
    const from = performance.now();
    await db().write([alert(crypto.randomUUID())]);
    return performance.now() - from;
  },
  count: async () => Number((await db().get('select count(*) as n from tasks'))?.n),
  longestTask: () => longest,
  close: () => db().close(),
};

Object.assign(globalThis, { bench });
