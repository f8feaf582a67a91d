import { betterSqlite3Over } from '@satchel/client/node';
import { SatchelError } from '@satchel/protocol';
import Database from 'better-sqlite3';

/** How the engine's driver is called; `@satchel/client` names it for platforms. */
type Driver = ReturnType<typeof betterSqlite3Over>;
type Statement = ReturnType<Driver['prepare']>;

/** Thrown from under the engine when its process is killed there. */
export class Killed extends Error {}

/**
 * The storage of one device: databases in memory that outlive their processes. It can
 * fill up, be wiped, be copied as a whole, and take its process's life at any statement.
 */
export class Disk {
  /** Databases as they were last closed, or as their process's death left them. */
  readonly #files = new Map<string, Buffer>();
  readonly #open = new Map<string, Database.Database>();
  /** Statements until the process is killed, and whom to tell. */
  #fuse: { left: number; readonly burnt: () => void } | null = null;
  #isFull = false;
  #refused = () => {};

  /** Opens a database; `database_in_use` while it is open already. */
  open(name: string): Driver {
    if (this.#open.has(name)) throw new SatchelError('database_in_use', { path: name });
    const file = this.#files.get(name);
    const connection = file ? new Database(Buffer.from(file)) : new Database(':memory:');
    const driver = betterSqlite3Over(connection, ':memory:');
    this.#open.set(name, connection);
    return this.#guarded(driver, name, connection);
  }

  list(prefix: string): readonly string[] {
    return [...new Set([...this.#files.keys(), ...this.#open.keys()])]
      .filter((name) => name.startsWith(prefix))
      .sort();
  }

  remove(name: string): void {
    this.#files.delete(name);
  }

  /** The process is gone: what was not committed is not there. */
  powerCut(): void {
    for (const [name, connection] of this.#open) this.#keep(name, connection);
    this.#fuse = null;
  }

  /** The process dies at the n-th statement from here. */
  killAt(statement: number, burnt: () => void): void {
    this.#fuse = { left: statement, burnt };
  }

  disarm(): void {
    this.#fuse = null;
  }

  get isArmed(): boolean {
    return this.#fuse !== null;
  }

  setFull(isFull: boolean, refused: () => void = () => {}): void {
    this.#isFull = isFull;
    this.#refused = refused;
  }

  /** A copy of everything, as a phone's backup takes it: what is committed. Databases must be closed or at rest. */
  copy(): ReadonlyMap<string, Buffer> {
    const all = new Map(this.#files);
    for (const [name, connection] of this.#open) all.set(name, connection.serialize());
    return all;
  }

  putBack(copy: ReadonlyMap<string, Buffer>): void {
    this.#files.clear();
    for (const [name, file] of copy) this.#files.set(name, file);
  }

  wipe(): void {
    this.#files.clear();
  }

  #keep(name: string, connection: Database.Database): void {
    this.#open.delete(name);
    if (!connection.open) return;
    if (connection.inTransaction) connection.exec('rollback');
    this.#files.set(name, connection.serialize());
    connection.close();
  }

  #burn(): void {
    if (this.#fuse === null) return;
    this.#fuse.left -= 1;
    if (this.#fuse.left > 0) return;
    const { burnt } = this.#fuse;
    this.#fuse = null;
    burnt();
    throw new Killed('the process was killed here');
  }

  #guarded(driver: Driver, name: string, connection: Database.Database): Driver {
    const burn = () => this.#burn();
    const write = (): void => {
      if (!this.#isFull) return;
      this.#refused();
      throw new SatchelError('storage_full');
    };
    const statements = new WeakMap<Statement, Statement>();
    return {
      durability: driver.durability,
      prepare: (sql) => {
        const statement = driver.prepare(sql);
        const known = statements.get(statement);
        if (known) return known;
        const isBoundary = BOUNDARY.test(sql);
        const before = (): void => {
          burn();
          if (!statement.readonly && !isBoundary) write();
        };
        const guarded: Statement = {
          reader: statement.reader,
          readonly: statement.readonly,
          run: (parameters) => {
            before();
            return statement.run(parameters);
          },
          runEach: (rows, parameters, expected) => {
            before();
            return statement.runEach(rows, parameters, expected);
          },
          all: (parameters) => {
            before();
            return statement.all(parameters);
          },
          get: (parameters) => {
            before();
            return statement.get(parameters);
          },
        };
        statements.set(statement, guarded);
        return guarded;
      },
      exec: (sql) => {
        burn();
        driver.exec(sql);
      },
      setDurability: (durability) => driver.setDurability(durability),
      flush: () => driver.flush(),
      close: () => {
        if (this.#open.get(name) === connection) this.#keep(name, connection);
      },
    };
  }
}

/** A full disk lets a transaction begin, and lets it be given up. */
const BOUNDARY = /^\s*(begin|rollback|savepoint|release|pragma)/i;
