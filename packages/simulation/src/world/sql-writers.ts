import type pg from 'pg';
import type { SchemaVersion } from '../app/field-app.ts';
import type { SqlEdit } from '../plan.ts';
import type { Owner } from '../postgres/gate.ts';
import { gatedConnections } from '../postgres/gated-connection.ts';
import { Draw } from './draw.ts';
import { REGIONS, STORES } from './edits.ts';
import type { World } from './world.ts';

type Work = (client: pg.Client) => Promise<void>;
/** Hears at the end how many rows were changed; none where nothing was committed. */
type Ended = (rows: number) => void;

/** Programs that write the app's tables by plain SQL, as scripts and other services do. */
export class SqlWriters {
  readonly #world: World;
  readonly #idle: pg.Client[] = [];
  readonly #open = new Set<pg.Client>();
  readonly #owner: Owner = { name: 'sql', kind: 'sql', alive: true, slowness: 0 };
  /** Transactions that are open now. */
  running = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** What is there before anything happens: stores with goods, farms, and everybody's rights. */
  async seedRows(): Promise<void> {
    const world = this.#world;
    const seeded = this.transaction(0, false, async (client) => {
      for (let user = 0; user < world.plan.clients; user += 1) {
        await client.query(`insert into grants values ($1, 's1')`, [`user-${user}`]);
        if (user % 2 === 0) await client.query(`insert into grants values ($1, 's2')`, [`user-${user}`]);
        await client.query(`insert into region_rights values ($1, $2)`, [`user-${user}`, REGIONS[user % 2]]);
      }
      for (let at = 0; at < 8; at += 1)
        await client.query(
          `insert into products (id, store_id, ${productName(world.serverVersion)}, price, stock) values ($1, $2, $3, 10, 20)`,
          [world.marks.key(), STORES[at % STORES.length], world.marks.value()],
        );
      for (let at = 0; at < 4; at += 1) {
        const farm = world.marks.key();
        await client.query(`insert into farms (id, region, name) values ($1, $2, $3)`, [
          farm,
          REGIONS[at % 2],
          world.marks.value(),
        ]);
        // In two scopes of one user: when it leaves one, the other still holds it.
        await client.query(`insert into farm_agents (farm_id, agent_id) values ($1, $2)`, [
          farm,
          `user-${at % world.plan.clients}`,
        ]);
      }
    });
    const ended = await world.until(seeded);
    if (ended.kind === 'failed') throw ended.error;
  }

  /** One transaction; it stays open for so long between its last statement and its end. Whether it committed. */
  async transaction(openFor: number, rollback: boolean, work: Work): Promise<boolean> {
    this.running += 1;
    let client: pg.Client | undefined;
    try {
      client = this.#idle.pop() ?? (await this.#connect());
      await client.query('begin isolation level read committed read write');
      await work(client);
      if (openFor > 0)
        await new Promise<void>((done) => this.#world.timeline.after(openFor, done, 'sql waits'));
      await client.query(rollback ? 'rollback' : 'commit');
      this.#idle.push(client);
      return !rollback;
    } catch (error) {
      if (client && this.#open.has(client)) {
        await client.query('rollback').then(
          () => this.#idle.push(client as pg.Client),
          () => undefined,
        );
      }
      // Another writer was in the way, or the connection went: a script would begin anew, these do not.
      if (!EXPECTED.has(String((error as { code?: unknown }).code)) && !this.#world.databaseTrouble) {
        if (client && !this.#open.has(client)) return false;
        throw error;
      }
      return false;
    } finally {
      this.running -= 1;
    }
  }

  /** A careless edit by somebody who knows nothing of Satchel. Does not wait for its end. */
  edit(edit: SqlEdit, openFor: number, rollback: boolean, seed: number, ended: Ended = () => {}): void {
    const draw = new Draw(seed, 'sql');
    let rows = 0;
    const work = async (client: pg.Client): Promise<void> => {
      rows = await this.#edit(client, edit, draw);
    };
    this.transaction(openFor, rollback, work).then(
      (isCommitted) => ended(isCommitted ? rows : 0),
      (error: unknown) => this.#world.crashed('sql', error),
    );
  }

  /** How many rows were changed. */
  async #edit(client: pg.Client, edit: SqlEdit, draw: Draw): Promise<number> {
    const { marks, serverVersion } = this.#world;
    const name = productName(serverVersion);
    let changed = 0;
    const run = async (text: string, values: readonly unknown[]): Promise<void> => {
      changed += (await client.query(text, [...values])).rowCount ?? 0;
    };
    const any = async (table: string): Promise<string | undefined> => {
      const { rows } = await client.query<{ id: string }>(`select id from ${table} order by id collate "C"`);
      return rows.length === 0 ? undefined : draw.pick(rows).id;
    };
    switch (edit) {
      case 'edit': {
        const id = await any('products');
        const column = draw.pick([name, 'note', 'remark', 'flag']);
        if (id) await run(`update products set ${column} = $1 where id = $2`, [marks.value(), id]);
        break;
      }
      case 'count': {
        const id = await any('products');
        if (id) await run('update products set stock = stock + $1 where id = $2', [draw.between(-3, 5), id]);
        const farm = await any('farms');
        if (farm)
          await run('update farms set calls = calls + 1, name = $1 where id = $2', [marks.value(), farm]);
        break;
      }
      case 'add': {
        const id = marks.key();
        await run(`insert into products (id, store_id, ${name}, code) values ($1, $2, $3, $4)`, [
          id,
          draw.pick(STORES),
          marks.value(),
          draw.chance(0.5) ? marks.value() : null,
        ]);
        await run(`insert into sales (id, product_id, seller, total) values ($1, $2, $3, 5)`, [
          marks.key(),
          id,
          marks.value(),
        ]);
        break;
      }
      case 'delete': {
        const table = draw.pick(['products', 'sales', 'farms', 'customers', 'ledger']);
        const id = await any(table);
        if (id) await run(`delete from ${table} where id = $1`, [id]);
        break;
      }
      case 'move': {
        const id = await any('products');
        if (id) await run('update products set store_id = $1 where id = $2', [draw.pick(STORES), id]);
        const farm = await any('farms');
        if (farm) await run('update farms set region = $1 where id = $2', [draw.pick(REGIONS), farm]);
        break;
      }
      case 'bulk':
        await run('update products set price = price + 1 where store_id = $1', [draw.pick(STORES)]);
        await run(
          `insert into ledger (id, store_id, author, amount) select $1 || i, $2, $3, i from generate_series(1, $4::int) i`,
          [marks.key(), draw.pick(STORES), marks.value(), draw.between(5, 60)],
        );
    }
    return changed;
  }

  /** Gives a right, or takes it, in a transaction of its own. */
  rights(
    user: string,
    change: 'grant' | 'revoke',
    what: 'store' | 'region' | 'farm',
    seed: number,
    ended: Ended = () => {},
  ): void {
    const draw = new Draw(seed, 'rights');
    const world = this.#world;
    const set = async (client: pg.Client): Promise<void> => {
      const owner = what === 'farm' ? 'agent_id' : 'user_id';
      const [table, column] = RIGHTS[what];
      const held = async (): Promise<string | undefined> => {
        const found = await client.query<{ value: string }>(
          `select ${column} as value from ${table} where ${owner} = $1 order by ${column} collate "C"`,
          [user],
        );
        return found.rows.length === 0 ? undefined : draw.pick(found.rows).value;
      };
      // What is taken is something that he has; what is given may be there already.
      const value =
        change === 'revoke'
          ? await held()
          : what === 'farm'
            ? await this.#farm(client, draw)
            : draw.pick(what === 'store' ? STORES : REGIONS);
      if (value === undefined) return;
      const { rowCount } = await client.query(
        change === 'grant'
          ? `insert into ${table} (${owner}, ${column}) values ($1, $2) on conflict do nothing`
          : `delete from ${table} where ${owner} = $1 and ${column} = $2`,
        [user, value],
      );
      rows = rowCount ?? 0;
      scope = what === 'farm' ? `agent:${user}` : `${what}:${value}`;
    };
    let scope = '';
    let rows = 0;
    this.transaction(0, false, set).then(
      (isCommitted) => {
        const isChanged = isCommitted && scope !== '';
        ended(isChanged ? rows : 0);
        if (!isChanged) return;
        world.emit({
          kind: 'rights',
          user,
          change: change === 'grant' ? 'granted' : 'revoked',
          scope,
          order: world.commits,
        });
      },
      (error: unknown) => world.crashed('sql', error),
    );
  }

  async #farm(client: pg.Client, draw: Draw): Promise<string | undefined> {
    const { rows } = await client.query<{ id: string }>('select id from farms order by id collate "C"');
    return rows.length === 0 ? undefined : draw.pick(rows).id;
  }

  /** Holds rows locked for so long. */
  lock(ms: number): void {
    this.transaction(ms, true, async (client) => {
      await client.query('select id from products order by id for update');
    }).catch((error: unknown) => this.#world.crashed('sql', error));
  }

  /** Every connection ends. */
  drop(): Promise<void> {
    this.#idle.length = 0;
    return this.#world.terminate(this.#open);
  }

  close(): Promise<void> {
    this.#owner.alive = false;
    return this.drop();
  }

  async #connect(): Promise<pg.Client> {
    const Connection = gatedConnections({
      gate: this.#world.gate,
      owner: this.#owner,
      clock: this.#world.timeline,
      opened: (opened) => {
        this.#open.add(opened);
        opened.once('end', () => this.#open.delete(opened));
      },
    });
    const client = new Connection({ connectionString: this.#world.url });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}

/** Tables of rights, each with the column that names what the right is to. */
const RIGHTS = {
  store: ['grants', 'store_id'],
  region: ['region_rights', 'region'],
  farm: ['farm_agents', 'farm_id'],
} as const;

export const productName = (version: SchemaVersion): string => (version < 2 ? 'label' : 'name');

/** SQLSTATE of what a careless program may meet: conflicts, deadlocks, a row that another deleted, a number at its edge, a schema on the move. */
const EXPECTED = new Set([
  '40P01',
  '40001',
  '23503',
  '23505',
  '23514',
  '57P01',
  '42703',
  '42P01',
  '57014',
  '55P03',
]);
