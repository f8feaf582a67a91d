import { describe, expect, it } from 'vitest';
import { loadSchedule, nextScheduledRun } from './schedule.ts';

const at = (text: string): number => new Date(text).getTime();

describe('schedule', () => {
  it('[SYNC-04] counts seconds, by kind of network where the app says so', () => {
    const schedule = { any: 60, cellular: 600 };
    expect(nextScheduledRun(schedule, { online: true, kind: 'wifi' }, 1_000)).toBe(61_000);
    expect(nextScheduledRun(schedule, { online: true, kind: 'cellular' }, 1_000)).toBe(601_000);
    expect(nextScheduledRun({}, { online: true, kind: 'unknown' }, 0)).toBe(300_000);
  });

  it('[SYNC-05] understands cron texts', async () => {
    await loadSchedule({ any: '0 2 * * *' });
    const network = { online: true, kind: 'unknown' } as const;
    expect(nextScheduledRun({ any: '*/30 * * * *' }, network, at('2026-03-01T10:07:00'))).toBe(
      at('2026-03-01T10:30:00'),
    );
    expect(nextScheduledRun({ any: '0 2 * * *' }, network, at('2026-03-01T10:07:00'))).toBe(
      at('2026-03-02T02:00:00'),
    );
  });
});
