import type { Scenario } from './scenario.ts';
import { MINUTE } from './stage.ts';

const BURST = 120;

/** Ten live queries watch a table while it is written to again and again; one after the other is stopped meanwhile. */
export const liveQueryStoppedInABurst: Scenario = {
  name: 'live-query-stopped-in-a-burst',
  title:
    'live queries are stopped during a burst of writes: none is told anything after that, and the last one is right',
  async play(stage) {
    const device = stage.device(1);
    const app = stage.app(device);
    const told: number[] = [];
    const stopped = new Set<number>();
    const late: number[] = [];
    let last: readonly unknown[] = [];
    const queries = Array.from({ length: 10 }, (_, at) => {
      told.push(0);
      return app.live({ sql: 'select id, amount from ledger order by id', identity: ['id'] }, ({ rows }) => {
        if (stopped.has(at)) late.push(at);
        told[at] = (told[at] ?? 0) + 1;
        if (at === 9) last = rows;
      });
    });
    await stage.ask(Promise.all(queries.map(({ ready }) => ready)));
    for (let write = 0; write < BURST; write += 1) {
      await stage.book(device, write);
      if (write % 12 === 11 && stopped.size < 9) {
        const at = stopped.size;
        stopped.add(at);
        queries[at]?.stop();
      }
    }
    await stage.pass(MINUTE);
    stage.mustBe(late.length === 0, `told after they were stopped: ${late.join()}`);
    const there = await stage.rows(device, 'ledger');
    stage.mustBe(last.length === there.length, `the last query shows ${last.length} of ${there.length} rows`);
    stage.mustBe(
      told.every((count) => count > 0),
      'each was told its first result',
    );
    queries[9]?.stop();
    stage.figure('writes', BURST);
  },
};
