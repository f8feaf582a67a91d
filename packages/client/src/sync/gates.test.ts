import { describe, expect, it } from 'vitest';
import { bulkWait, type GateFacts, inQuietHours, openLanes } from './gates.ts';

const free: GateFacts = {
  network: { online: true, kind: 'wifi' },
  busy: false,
  bytesToday: 0,
  bytesThisMonth: 0,
  hour: 12,
};
type Sync = Parameters<typeof bulkWait>[0];
const sync = (over: Partial<Sync>): Sync => ({ wifiOnly: false, budget: {}, ...over }) as Sync;

describe('gates', () => {
  it.each([
    ['nothing', {}, {}, null],
    ['a busy screen', {}, { busy: true }, 'busy'],
    [
      'a cellular network when only Wi-Fi is allowed',
      { wifiOnly: true },
      { network: { online: true, kind: 'cellular' } },
      'wifi',
    ],
    ['a cellular network otherwise', {}, { network: { online: true, kind: 'cellular' } }, null],
    ['the budget of the day', { budget: { dailyBytes: 100 } }, { bytesToday: 100 }, 'budget'],
    ['the budget of the month', { budget: { monthlyBytes: 100 } }, { bytesThisMonth: 100 }, 'budget'],
    ['one byte below the budget', { budget: { dailyBytes: 100 } }, { bytesToday: 99 }, null],
    ['quiet hours', { quietHours: { from: 22, to: 6 } }, { hour: 23.5 }, 'schedule'],
  ] as const)('[SYNC-01] %s holds the bulk lanes as it should', (_, over, facts, expected) => {
    expect(bulkWait(sync(over as Partial<Sync>), { ...free, ...facts })).toBe(expected);
  });

  it('[SYNC-02] the urgent lane goes whatever waits', () => {
    const lanes = ['urgent', 'high', 'low'];
    for (const wait of ['wifi', 'budget', 'busy', 'schedule'] as const)
      expect(openLanes(lanes, 'urgent', wait)).toEqual(['urgent']);
    expect(openLanes(lanes, 'urgent', null)).toEqual(lanes);
  });

  it('[SYNC-03] quiet hours may lie over midnight', () => {
    expect([21.9, 22, 0, 5.9, 6].map((hour) => inQuietHours({ from: 22, to: 6 }, hour))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect([8.9, 9, 16.9, 17].map((hour) => inQuietHours({ from: 9, to: 17 }, hour))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
