import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newPlace, type Place } from './command.ts';

let place: Place;
beforeEach(() => {
  place = newPlace();
});
afterEach(() => place.remove());

/** The phases of the demo by what it says as they begin; the later ones need all the data loaded. */
const PHASES: readonly (readonly [string, 'group' | 'process'])[] = [
  ['Starting PostgreSQL', 'group'],
  ['Loading public data', 'process'],
  ['First sync of three devices', 'group'],
  ...(process.env.SATCHEL_LONG
    ? ([
        ['Offline: each device', 'process'],
        ['Network back', 'group'],
        ['A conflict waits', 'process'],
      ] as const)
    : []),
];

describe('demo', () => {
  it.each(PHASES)(
    '[CMD-50] Ctrl-C at "%s", sent to the %s, leaves no process, no socket and no folder',
    async (phase, to) => {
      const demo = place.start(['demo', '--edits', '20']);
      await demo.output(phase);
      // Into the middle of what was announced, not before it.
      await new Promise((done) => setTimeout(done, 300));
      demo.signal('SIGINT', to);
      const { code, stderr } = await demo.ended;
      expect([code, stderr]).toEqual([130, '']);
      expect(place.processes()).toEqual([]);
      expect(readdirSync(place.temporary)).toEqual([]);
    },
    600_000,
  );
});
