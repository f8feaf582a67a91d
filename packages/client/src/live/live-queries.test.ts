import { describe, expect, it } from 'vitest';
import type { EnginePort } from '../engine-port.ts';
import { LiveQueries } from './live-queries.ts';
import type { RowDiff } from './row-diff.ts';

/** A port that answers reads from `rows` when it is let, and counts them. */
const fakePort = (given: { rows: { id: string }[] }) => {
  let asked = 0;
  const held: (() => void)[] = [];
  let holding = false;
  const call = async (method: string): Promise<unknown> => {
    if (method === 'tablesRead') return ['products'];
    asked += 1;
    if (holding) await new Promise<void>((done) => held.push(done));
    return [...given.rows];
  };
  return {
    port: { call } as unknown as EnginePort,
    asked: () => asked,
    hold: () => {
      holding = true;
    },
    release: () => {
      holding = false;
      for (const done of held.splice(0)) done();
    },
  };
};
const turn = () => new Promise<void>((done) => setImmediate(done));

describe('live queries', () => {
  it('[LIVEQ-05] run again only when a table that they read has changed', async () => {
    const given = { rows: [{ id: '1' }] };
    const fake = fakePort(given);
    const live = new LiveQueries(fake.port);
    const told: RowDiff[] = [];
    await live.watch(
      { sql: 'select id from products' },
      (diff) => told.push(diff),
      () => {},
    ).ready;
    expect(told).toHaveLength(1);
    live.touched(['customers']);
    await turn();
    expect(fake.asked()).toBe(1);
    given.rows = [{ id: '1' }, { id: '2' }];
    live.touched(['products']);
    await turn();
    expect(told[1]?.added).toEqual([{ id: '2' }]);
  });

  it('[LIVEQ-06] take changes that come while they run together in one more run', async () => {
    const fake = fakePort({ rows: [{ id: '1' }] });
    const live = new LiveQueries(fake.port);
    await live.watch(
      { sql: 'select id from products' },
      () => {},
      () => {},
    ).ready;
    fake.hold();
    for (let i = 0; i < 10; i++) live.touched(['products']);
    await turn();
    fake.release();
    await turn();
    expect(fake.asked()).toBe(3);
  });

  it('[LIVEQ-07] say nothing after they were stopped, even while one runs', async () => {
    const given = { rows: [{ id: '1' }] };
    const fake = fakePort(given);
    const live = new LiveQueries(fake.port);
    let told = 0;
    const query = live.watch(
      { sql: 'select id from products' },
      () => told++,
      () => {},
    );
    await query.ready;
    fake.hold();
    given.rows = [];
    live.touched(['products']);
    query.stop();
    fake.release();
    await turn();
    expect(told).toBe(1);
  });
});
