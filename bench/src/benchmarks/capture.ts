import type { Benchmark } from '../benchmark.ts';
import { loadTasks } from '../load.ts';
import { postgresCpu } from '../measure/usage.ts';

const ROWS = 50_000;

/** What a program pays that writes by plain SQL into a captured table; PostgreSQL's CPU, not the clock's time. */
export const capture: Benchmark = {
  name: 'capture',
  title: 'Capture of plain SQL, in CPU of PostgreSQL',
  lines: (
    [
      ['inserts', '50,000 inserts, 5,000 a statement'],
      ['updates', 'one update of 50,000 rows'],
    ] as const
  ).map(([name, what]) => ({
    name,
    what,
    unit: 's',
    limit: 'the same table without capture',
    target: { of: 'ratio', atMost: 3.5 },
  })),
  async open(world) {
    const stage = await world.stage(0);
    const postmaster = world.postgres.pid;
    const { db } = stage;
    await db.query(
      'create table public.bare_tasks (like public.tasks including defaults including indexes including constraints)',
    );
    return async () => {
      const cost = async (work: () => Promise<unknown>): Promise<number> => {
        await db.query('checkpoint');
        const before = postgresCpu(postmaster);
        await work();
        return (postgresCpu(postmaster) ?? Number.NaN) - (before ?? Number.NaN);
      };
      const of = async (table: string) => {
        await db.query(`truncate ${table}`);
        const inserts = await cost(() => loadTasks(db, ROWS, table));
        await db.query(`vacuum (analyze) ${table}`);
        const updates = await cost(() => db.query(`update ${table} set title = title || '.'`));
        await db.query(`vacuum ${table}`);
        return { inserts, updates };
      };
      await db.query('delete from satchel.entries; delete from satchel.audit');
      await db.query('vacuum (analyze) satchel.entries');
      await db.query('vacuum (analyze) satchel.audit');
      const limits = await of('public.bare_tasks');
      const figures = await of('public.tasks');
      return { figures, limits };
    };
  },
};
