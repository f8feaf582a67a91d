import { policyOf } from '@satchel/core';
import type { PushRequest } from '@satchel/protocol';
import type { App, Query } from '@satchel/schema';
import { expect } from 'vitest';
import { batchSizes } from '../field/answers.ts';
import type { DeviceOptions, FieldDevice } from '../field/field.ts';
import { hurry } from '../field/hurry.ts';
import { until } from '../field/until.ts';
import type { Line } from './markdown-table.ts';
import type { Stage } from './stage.ts';

type Device = FieldDevice<App>;

/** What the cases call things: who writes them, and how. `n` keeps them apart. */
const WRITES: Readonly<
  Record<string, { readonly who: string; readonly make: (n: string) => readonly Query[] }>
> = {
  sale: {
    who: 'staff',
    make: (n) => [
      {
        sql: "insert into sales (id, store_id, total_amount, sale_date) values (?, '42', '10', 1766052000000)",
        parameters: [`sale-${n}`],
      },
    ],
  },
  saleAndPayment: {
    who: 'staff',
    make: (n) => [
      {
        sql: "insert into sales (id, store_id, total_amount, sale_date) values (?, '42', '10', 0)",
        parameters: [`sale-${n}`],
      },
      {
        sql: "insert into payments (id, store_id, sale_id, amount, paid_at) values (?, '42', ?, '10', 0)",
        parameters: [`pay-${n}`, `sale-${n}`],
      },
    ],
  },
  correction: {
    who: 'staff',
    make: (n) => [{ sql: "update sales set total_amount = '11' where id = ?", parameters: [`sale-${n}`] }],
  },
  product: {
    who: 'staff',
    make: (n) => [
      {
        sql: "insert into products (id, store_id, name) values (?, '42', 'Rice')",
        parameters: [`product-${n}`],
      },
    ],
  },
  saleOfIt: {
    who: 'staff',
    make: (n) => [
      {
        sql: "insert into stock_movements (id, store_id, product_id, quantity, reason, moved_at) values (?, '42', ?, 1, 'bought', 0)",
        parameters: [`move-${n}`, `product-${n}`],
      },
    ],
  },
  report: {
    who: 'staff',
    make: (n) => [
      {
        sql: "insert into reports (id, store_id, kind, period, figures, made_at) values (?, '42', 'day', '2025', '{}', 0)",
        parameters: [`report-${n}`],
      },
    ],
  },
  submission: {
    who: 'store',
    make: (n) => [
      {
        sql: "insert into submissions (id, form_id, store_id) values (?, 'uuid-1', '42')",
        parameters: [`run-${n}`],
      },
    ],
  },
  alert: {
    who: 'support',
    make: (n) => [
      {
        sql: "insert into alerts (id, farmer_id, title, message, issued_at) values (?, 'farmer', 'Rain', 'Rain', 0)",
        parameters: [`alert-${n}`],
      },
    ],
  },
  cropRecord: {
    who: 'farmer',
    make: (n) => [
      {
        sql: "insert into crop_records (id, farmer_id, crop_type, acreage) values (?, 'farmer', 'maize', '1')",
        parameters: [`crop-${n}`],
      },
    ],
  },
  photo: {
    who: 'farmer',
    make: (n) => [
      {
        sql: 'insert into crop_photos (id, crop_record_id, photo) values (?, ?, ?)',
        parameters: [
          `photo-${n}`,
          'crop-1',
          JSON.stringify({
            id: '0192f0c1-7a3e-7c11-9a5e-3f1d2b4c5d6e',
            sha256: 'a'.repeat(64),
            bytes: 5_000_000,
            type: 'image/jpeg',
          }),
        ],
      },
    ],
  },
};

/** In the other apps these are called the same and written otherwise. */
const OTHERWISE: typeof WRITES = {
  'meter-readings submission': {
    who: 'reader',
    make: (n) => [
      {
        sql: "insert into submissions (id, district, form_id) values (?, 'd-1', 'f-1')",
        parameters: [`run-${n}`],
      },
    ],
  },
  'civic-reports report': {
    who: 'citizen',
    make: (n) => [
      {
        sql: "insert into reports (id, reporter_id, title) values (?, 'citizen', 'Pothole')",
        parameters: [`run-${n}`],
      },
    ],
  },
};

let made = 0;

/** Plays the runs of one app. */
export class Runs {
  readonly #stage: Stage;
  readonly #app: string;

  constructor(stage: Stage, app: string) {
    this.#stage = stage;
    this.#app = app;
  }

  async play({ how = '', then }: Line): Promise<void> {
    expect(await this.#see(how)).toBe(then);
  }

  #write(thing: string) {
    const write = OTHERWISE[`${this.#app} ${thing}`] ?? WRITES[thing];
    if (write === undefined) throw new Error(`nobody knows how to write a ${thing}`);
    return write;
  }

  #open(who: string, options: DeviceOptions<App> = {}): Promise<Device> {
    return this.#stage.field.device(this.#stage.player(who), options);
  }

  async #see(how: string): Promise<string> {
    const part = (pattern: RegExp): readonly string[] | undefined => pattern.exec(how)?.slice(1);
    const [thing] = part(/^the server fails: attempts of an? (\w+)$/) ?? [];
    if (thing !== undefined) return this.#attempts(thing);
    const [time] = part(/^the next run, at (\d\d:\d\d)$/) ?? [];
    if (time !== undefined) return this.#nextRun(time);
    const [count, many, one] = part(/^requests of (\d+) (\w+)s(, one a request)?$/) ?? [];
    if (count !== undefined) return this.#requests(Number(count), many ?? '', one !== undefined);
    const [table, kind] = part(/^whom the policy tells: (\w+) (\w+)$/) ?? [];
    if (table !== undefined) return this.#told(table, kind ?? '');
    const [list] = part(/^the order in which (.*) are sent$/) ?? [];
    if (list !== undefined) return this.#order(list.split(', '));
    switch (how) {
      case 'sales sent by each run, 600 waiting, 8 s a request':
        return this.#timeBox();
      case 'the first request of a run':
        return this.#firstRequest();
      case 'the other order: what differs in the end':
        return this.#otherOrder();
      case 'runs shown after 15':
        return this.#history();
      case "another's form arrives without live":
        return this.#hears();
      case 'rows of a second start with nothing new':
        return this.#secondStart();
      default:
        throw new Error(`nobody knows how to play: ${how}`);
    }
  }

  async #attempts(thing: string): Promise<string> {
    const { who, make } = this.#write(thing);
    const device = await this.#open(who, {
      ...hurry(this.#stage.field.time),
      road: { unavailable: (path) => path === '/v1/push' },
    });
    await device.sync();
    const before = device.exchanges.length;
    if (thing === 'photo') device.online(false);
    await device.db.write(make(`${++made}`));
    if (thing === 'photo') device.online(true);
    await until(device, 'it is given up', async () => (await device.db.status()).failed === 1, 60_000);
    const tries = device.exchanges.slice(before).filter(({ path }) => path === '/v1/push').length;
    const [entry] = await device.db.outbox.list({ state: 'failed' });
    expect(entry?.attempts, 'what the queue says of it').toBe(tries);
    await device.close();
    return String(tries);
  }

  async #nextRun(at: string): Promise<string> {
    const now = Date.parse(`2025-12-18T${at}:00Z`);
    const [who = ''] = Object.keys(this.#stage.cast.players);
    const device = await this.#open(who, { clock: { now: () => now } });
    await device.sync();
    const { nextRunAt } = await device.db.status();
    await device.close();
    return new Date(nextRunAt ?? 0).toISOString().slice(11, 16);
  }

  async #requests(count: number, thing: string, one: boolean): Promise<string> {
    const { who, make } = this.#write(thing);
    const { batch } = this.#stage.cast.app.sync;
    const device = await this.#open(who, {
      online: false,
      ...(one ? { sync: { batch: { ...batch, maxItems: 1 } } } : {}),
    });
    for (let n = 0; n < count; n += 1) await device.db.write(make(`${++made}`));
    await device.sync();
    expect((await device.db.status()).pending).toBe(0);
    await device.close();
    return batchSizes(device.exchanges).join(' ');
  }

  #told(table: string, kind: string): string {
    const { conflicts } = this.#stage.table(table);
    const policy = kind === 'update' ? policyOf(conflicts, '') : conflicts.delete;
    return policy.notify ?? 'none';
  }

  async #order(things: readonly string[]): Promise<string> {
    const [first = ''] = things;
    // Who may write the last thing writes all: the order is of one device.
    const who = things.includes('alert') ? 'support' : this.#write(first).who;
    const { batch, lanes } = this.#stage.cast.app.sync;
    const one = { ...batch, maxItems: 1 };
    const device = await this.#open(who, {
      online: false,
      sync: {
        batch: one,
        lanes: Object.fromEntries(Object.keys(lanes).map((lane) => [lane, { batch: one }])),
      },
    });
    const n = `${++made}`;
    const names = new Map<string, string>();
    for (const thing of things) {
      const { mutationId } = await device.db.write(this.#write(thing).make(n));
      names.set(mutationId ?? '', thing);
    }
    await device.sync();
    const sent = device.exchanges
      .filter(({ path }) => path === '/v1/push')
      .flatMap((exchange) => (JSON.parse(exchange.sent) as PushRequest).mutations)
      .flatMap(({ mutationId }) => names.get(mutationId) ?? []);
    await device.close();
    return sent.join(' ');
  }

  async #timeBox(): Promise<string> {
    const { make, who } = this.#write('sale');
    const { time, db } = this.#stage.field;
    let now = time.now();
    const device = await this.#open(who, {
      online: false,
      clock: { now: () => now },
      road: {
        cut: (path) => {
          if (path === '/v1/push') now += 8_000;
          return false;
        },
      },
    });
    const from = made;
    for (let n = 0; n < 600; n += 1) await device.db.write(make(`${++made}`));
    const arrived = async (): Promise<number> => {
      const { rows } = await db.query<{ n: number }>(
        `select count(*)::int as n from sales where id ~ '^sale-\\d+$' and substr(id, 6)::int > $1`,
        [from],
      );
      return rows[0]?.n ?? 0;
    };
    // What starts a run by itself is held back, so that each is one that was asked for.
    device.online(true);
    await device.db.sync.now();
    const first = await arrived();
    await device.db.sync.now();
    const second = (await arrived()) - first;
    await device.close();
    return `${first} ${second}`;
  }

  async #firstRequest(): Promise<string> {
    const { who, make } = this.#write(this.#app === 'shop' ? 'sale' : 'submission');
    const device = await this.#open(who);
    await device.sync();
    device.online(false);
    await device.db.write(make(`${++made}`));
    const before = device.exchanges.length;
    await device.sync();
    const [first] = device.exchanges.slice(before);
    await device.close();
    return first?.path.replace('/v1/', '') ?? 'none';
  }

  async #otherOrder(): Promise<string> {
    const { who, make } = this.#write(this.#app === 'shop' ? 'sale' : 'submission');
    const { order } = this.#stage.cast.app.sync;
    const other = order === 'download-first' ? 'upload-first' : 'download-first';
    const devices = [await this.#open(who), await this.#open(who, { sync: { order: other } })];
    for (const device of devices) {
      device.online(false);
      for (let n = 0; n < 5; n += 1) await device.db.write(make(`${++made}`));
    }
    for (const device of [...devices, ...devices]) await device.sync();
    const differs = await Promise.all(
      devices.map(async ({ db }) => (await db.verify({ depth: 'deep', repair: false })).equal),
    );
    for (const device of devices) await device.close();
    return differs.every(Boolean) ? 'nothing' : 'something';
  }

  async #history(): Promise<string> {
    const [who = ''] = Object.keys(this.#stage.cast.players);
    const device = await this.#open(who);
    for (let run = 0; run < 15; run += 1) await device.db.sync.now();
    const shown = await device.db.history();
    const times = shown.map(({ startedAt }) => startedAt);
    expect(times, 'newest first').toEqual(times.toSorted((a, b) => b - a));
    await device.close();
    return String(shown.length);
  }

  async #hears(): Promise<string> {
    const device = await this.#open('store', hurry(this.#stage.field.time));
    await device.sync();
    await this.#stage.field.db.query("insert into forms (id, title) values ('heard', 'Heard')");
    const has = async (): Promise<boolean> =>
      (await device.db.get("select 1 as one from forms where id = 'heard'")) !== undefined;
    expect(await has()).toBe(false);
    await until(device, 'the schedule brings it', has);
    await device.close();
    return 'yes';
  }

  async #secondStart(): Promise<string> {
    const [who = ''] = Object.keys(this.#stage.cast.players);
    const device = await this.#open(who);
    await device.sync();
    const all = (await device.db.history(100)).reduce((sum, { rowsDown }) => sum + rowsDown, 0);
    expect(all).toBeGreaterThan(0);
    await device.close();
    const again = await this.#open(who, { directory: device.directory });
    await again.db.sync.idle();
    const [run] = await again.db.history(1);
    await again.close();
    return run?.trigger === 'start' && run.rowsDown === all ? 'all' : String(run?.rowsDown);
  }
}
