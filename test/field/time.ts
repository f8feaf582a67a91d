import type { Clock } from '@satchel/core';
import type { Database } from '@satchel/server';

/**
 * The time of a field: the server's, its PostgreSQL's and, where nobody says otherwise,
 * every device's. It moves when it is told, and only forward.
 */
export class FieldTime implements Clock {
  #now: number;
  readonly #db: Database;

  private constructor(db: Database, now: number) {
    this.#db = db;
    this.#now = now;
  }

  /** Takes the database's clock over: from now on `satchel.now_ms()` is this time. */
  static async start(db: Database, at: string): Promise<FieldTime> {
    const time = new FieldTime(db, Date.parse(at));
    await db.query('create table field_time (now bigint not null)');
    await db.query('insert into field_time values ($1)', [time.#now]);
    await db.query(`create or replace function satchel.now_ms() returns bigint
      language sql stable set search_path = pg_catalog as 'select now from public.field_time'`);
    return time;
  }

  now(): number {
    return this.#now;
  }

  /** Lets time pass until a moment, UTC milliseconds; a moment that is over changes nothing. */
  async until(moment: number): Promise<void> {
    if (moment <= this.#now) return;
    this.#now = moment;
    await this.#db.query('update field_time set now = $1', [moment]);
  }

  pass(milliseconds: number): Promise<void> {
    return this.until(this.#now + milliseconds);
  }
}
