import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareHlc, type Hlc, hlcFromText, hlcToText, MAX_COUNTER, receive, tick } from './hlc.ts';

const nodeId = fc.stringMatching(/^[0-9a-zA-Z_-]{1,8}$/);
const hlc = fc.record({
  millis: fc.integer({ min: 0, max: 1000 }),
  counter: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: MAX_COUNTER - 3, max: MAX_COUNTER })),
  nodeId,
});
const now = fc.integer({ min: 0, max: 1500 });

describe('text', () => {
  test('[CORE-HLC-01] a stamp goes to text and back', () => {
    fc.assert(
      fc.property(hlc, (stamp) => {
        expect(hlcFromText(hlcToText(stamp))).toEqual(stamp);
      }),
    );
  });

  test('[CORE-HLC-01] numbers beyond what a stamp holds count as the largest', () => {
    expect(hlcFromText('9999999999999999:99999:x')).toEqual({
      millis: Number.MAX_SAFE_INTEGER,
      counter: MAX_COUNTER,
      nodeId: 'x',
    });
  });

  test.each(['', '1:2', '1:2:', '-1:0:a', '1:2:a b', '1.5:0:a'])(
    '[CORE-HLC-01] %j is not a stamp',
    (text) => {
      expect(() => hlcFromText(text)).toThrow();
    },
  );
});

test('[CORE-HLC-02] stamps are in one total order', () => {
  fc.assert(
    fc.property(hlc, hlc, hlc, (a, b, c) => {
      expect(Math.sign(compareHlc(a, b))).toBe(-Math.sign(compareHlc(b, a)) + 0);
      if (compareHlc(a, b) === 0) expect(a).toEqual(b);
      if (compareHlc(a, b) <= 0 && compareHlc(b, c) <= 0) expect(compareHlc(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});

test('[CORE-HLC-03] a tick is later than the stamp before it, whatever the clock does', () => {
  fc.assert(
    fc.property(hlc, now, (state, time) => {
      const next = tick(state, time, state.nodeId);
      expect(compareHlc(next, state)).toBeGreaterThan(0);
      expect(next.millis).toBeGreaterThanOrEqual(time);
      expect(next.counter).toBeLessThanOrEqual(MAX_COUNTER);
    }),
  );
});

test('[CORE-HLC-03] the clock that goes on takes over', () => {
  expect(tick({ millis: 10, counter: 7, nodeId: 'a' }, 11.7, 'a')).toEqual({
    millis: 11,
    counter: 0,
    nodeId: 'a',
  });
});

test('[CORE-HLC-04] a full counter moves into the next millisecond', () => {
  expect(tick({ millis: 10, counter: MAX_COUNTER, nodeId: 'a' }, 3, 'a')).toEqual({
    millis: 11,
    counter: 0,
    nodeId: 'a',
  });
});

describe('receive', () => {
  test('[CORE-HLC-05] what comes next is later than both, also at equal milliseconds', () => {
    fc.assert(
      fc.property(hlc, hlc, now, (state, remote, time) => {
        const received = receive(state, remote, time, 10_000);
        expect(received.accepted).toBe(true);
        expect(compareHlc(received.state, state)).toBeGreaterThan(0);
        const { millis, counter } = received.state;
        const isAfter = millis > remote.millis || (millis === remote.millis && counter > remote.counter);
        expect(isAfter).toBe(true);
        expect(received.state.nodeId).toBe(state.nodeId);
      }),
    );
  });

  test('[CORE-HLC-05] equal milliseconds go past the larger counter', () => {
    const state: Hlc = { millis: 10, counter: 2, nodeId: 'a' };
    expect(receive(state, { millis: 10, counter: 9, nodeId: 'b' }, 10, 0).state).toEqual({
      millis: 10,
      counter: 10,
      nodeId: 'a',
    });
  });

  test('[CORE-HLC-06] a stamp from the future beyond the tolerance changes nothing', () => {
    const state: Hlc = { millis: 10, counter: 2, nodeId: 'a' };
    const remote: Hlc = { millis: 2_051_222_400_000, counter: 0, nodeId: 'b' };
    expect(receive(state, remote, 1_700_000_000_000, 60_000)).toEqual({ state, accepted: false });
    expect(receive(state, { ...remote, millis: 100 }, 40, 60).accepted).toBe(true);
    expect(receive(state, { ...remote, millis: 101 }, 40, 60).accepted).toBe(false);
  });

  test('[CORE-HLC-06] a stamp from the past is always let in', () => {
    expect(
      receive({ millis: 10, counter: 0, nodeId: 'a' }, { millis: 0, counter: 0, nodeId: 'b' }, 99, 0)
        .accepted,
    ).toBe(true);
  });
});

test('[CORE-HLC-07] started again from the kept stamp, a device never goes back', () => {
  fc.assert(
    fc.property(hlc, fc.array(fc.tuple(fc.boolean(), now, hlc), { maxLength: 20 }), (start, steps) => {
      let kept = hlcToText(start);
      for (const [isLocal, time, remote] of steps) {
        // Each step begins from text, as after a restart.
        const state = hlcFromText(kept);
        const next = isLocal ? tick(state, time, state.nodeId) : receive(state, remote, time, 50).state;
        expect(compareHlc(next, state)).toBeGreaterThanOrEqual(0);
        kept = hlcToText(next);
      }
    }),
  );
});
