import type { Satchel } from '@satchel/client';
import type pg from 'pg';
import type { HistoryEvent, OutboxItem, PlainRow } from '../history.ts';
import type { Device } from '../world/device.ts';
import type { Hand } from '../world/edits.ts';
import { ended } from '../world/ended.ts';
import { pass } from '../world/pass.ts';
import { rowsOn } from '../world/rows.ts';
import { wholeOutbox } from '../world/status.ts';
import type { World } from '../world/world.ts';
import { handAt, writeDraft } from '../world/writing.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Between two looks at what is waited for. */
const LOOK_EVERY = 500;

/** A scenario ended because something was not as it must be; the violation is written down. */
export class Broken extends Error {}

/** What a scenario does in its world, and how it says what must be. */
export class Stage {
  readonly world: World;
  readonly figures: Record<string, number> = {};
  #drawn = 0;

  constructor(world: World) {
    this.world = world;
  }

  get now(): number {
    return this.world.timeline.now();
  }

  // --- what must be

  mustBe(isSo: boolean, what: string): void {
    if (!isSo) this.world.violate('scenario', what, this.world.history.length - 1);
    if (this.world.violations.length > 0) throw new Broken(what);
  }

  /** A number that the run came to, for the scorecard. */
  figure(name: string, value: number): void {
    this.figures[name] = value;
  }

  // --- devices

  device(index: number): Device {
    return this.world.devices[index] as Device;
  }

  app(device: Device): Satchel {
    const { satchel } = device;
    if (!satchel) throw new Error(`${device.name} does not run`);
    return satchel;
  }

  async open(device: Device): Promise<void> {
    const refused = await this.world.openDevice(device);
    this.mustBe(refused === null, `${device.name} opens again, not ${refused}`);
  }

  async close(device: Device): Promise<void> {
    const closed = await this.world.until(device.close(), 30 * SECOND);
    this.mustBe(closed.kind === 'done', `${device.name} closes`);
  }

  /** Something that is asked of an app, while time passes; its value, or the error that it ended with. */
  async ask<T>(what: Promise<T>, within = 2 * MINUTE): Promise<T> {
    const answered = await this.world.until(what, within);
    if (answered.kind === 'failed') throw answered.error;
    if (answered.kind === 'never') throw new Error('no answer');
    return answered.value;
  }

  /** One local transaction by the device's user; its changes, as the history has them. */
  async edit(device: Device, draft: (hand: Hand) => unknown): Promise<void> {
    this.#drawn += 1;
    const hand = handAt(this.world, device, this.#drawn);
    if (!hand) return;
    await draft(hand);
    await writeDraft(this.world, device, hand.draft);
  }

  /** Writes one entry into the ledger of a store; its key. */
  async book(device: Device, amount = 1, storeId = 's1'): Promise<string> {
    let key = '';
    await this.edit(device, (hand) => {
      key = hand.insert('ledger', { id: hand.marks.key(), storeId, author: hand.marks.value(), amount });
    });
    return key;
  }

  /** Raises an alert, which is in the urgent lane: it starts an upload of its own. */
  async alert(device: Device): Promise<string> {
    let key = '';
    await this.edit(device, (hand) => {
      key = hand.insert('alerts', {
        id: hand.marks.key(),
        storeId: 's1',
        what: hand.marks.value(),
        ackedBy: null,
      });
    });
    return key;
  }

  syncs(device: Device): void {
    device.satchel?.sync.now().catch(ended(this.world));
  }

  async rows(device: Device, table: string): Promise<PlainRow[]> {
    return rowsOn(this.app(device), device.app, table);
  }

  async row(device: Device, table: string, key: string): Promise<PlainRow | undefined> {
    return (await this.rows(device, table)).find(({ id }) => id === key);
  }

  outbox(device: Device): Promise<OutboxItem[]> {
    return wholeOutbox(this.app(device));
  }

  async unsettled(device: Device): Promise<OutboxItem[]> {
    return (await this.outbox(device)).filter(({ state }) => state !== 'settled');
  }

  // --- the server's side

  /** One transaction of plain SQL by a program that knows nothing of Satchel. */
  async sql(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
    const ran = await this.world.until(this.transaction(0, work));
    this.mustBe(ran.kind === 'done', 'a transaction of plain SQL ends');
  }

  /** The same, left open for so long before its commit; it is not waited for. */
  async transaction(openFor: number, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
    await this.world.writers.transaction(openFor, false, async (client) => void (await work(client)));
  }

  /** What is in PostgreSQL now, seen from outside of every program. */
  async select<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.world.reader.query<Row>(text, [...values])).rows;
  }

  // --- time

  /** Everybody's screen is looked at, and the checkers judge what they saw. */
  async look(): Promise<void> {
    await this.world.observeAll();
    this.world.stepDone();
    this.world.step += 1;
    this.mustBe(true, '');
  }

  async pass(ms: number): Promise<void> {
    await pass(this.world, ms);
    await this.look();
  }

  /** Lets time pass until it is so; the virtual milliseconds that it took. */
  async until(what: string, isSo: () => Promise<boolean> | boolean, within = 10 * MINUTE): Promise<number> {
    const from = this.now;
    while (!(await isSo())) {
      if (this.now - from >= within)
        this.mustBe(false, `within ${within} ms: ${what}; ${await this.#statuses()}`);
      await this.world.timeline.advance(LOOK_EVERY);
      await this.look();
    }
    return this.now - from;
  }

  /** What every screen says, for whoever looks for the cause. */
  async #statuses(): Promise<string> {
    const said: string[] = [];
    for (const { name, satchel } of this.world.devices) {
      const status = await satchel?.status();
      said.push(
        status
          ? `${name} ${status.phase}, ${status.pending} pending, next run ${status.nextRunAt}, ${status.problem?.code ?? 'no problem'}`
          : `${name} does not run`,
      );
    }
    return `at ${this.now}: ${said.join('; ')}`;
  }

  /** The first copy is on the device. */
  ready(device: Device): Promise<number> {
    return this.until(
      `${device.name} is complete`,
      async () => device.satchel !== null && (await this.app(device).status()).complete,
    );
  }

  /** Everything that is in the outbox is settled. */
  drained(device: Device, within = 10 * MINUTE): Promise<number> {
    return this.until(
      `the outbox of ${device.name} is empty`,
      async () => device.satchel !== null && (await this.unsettled(device)).length === 0,
      within,
    );
  }

  // --- the history

  /** Number of the next event: `since` counts from it. */
  get mark(): number {
    return this.world.history.length;
  }

  since<Kind extends HistoryEvent['kind']>(
    mark: number,
    kind: Kind,
  ): Extract<HistoryEvent, { readonly kind: Kind }>[] {
    const events = this.world.history.slice(mark);
    return events.filter(
      (event): event is Extract<HistoryEvent, { readonly kind: Kind }> => event.kind === kind,
    );
  }

  /** Texts of pages that came to a device since then, by pull or live. */
  pagesTo(device: Device, mark: number): readonly string[] {
    return this.since(mark, 'received')
      .filter(({ client, action }) => client === device.name && (action === '/v1/pull' || action === 'live'))
      .map(({ text }) => text);
  }
}
