import { describe, expect, it } from 'vitest';
import type { HistoryEvent, HistoryEventBody, KeptOnDevice, KeptOnServer } from '../history.ts';
import { bounds } from './bounds.ts';

const kept: KeptOnServer = {
  present: 2,
  gone: 0,
  settled: 0,
  waiting: 1,
  ranges: 2,
  runs: 1,
  audit: 2,
  hours: 20,
  moments: 5,
};
const device: KeptOnDevice = {
  client: 'c0',
  shutOut: false,
  settled: 0,
  unsettled: 1,
  changes: 1,
  base: 1,
  stage: 0,
  erased: 0,
};

const tell = (body: unknown): HistoryEvent =>
  ({ number: 0, step: 0, at: 0, ...(body as HistoryEventBody) }) as HistoryEvent;

const findings = (server: Partial<KeptOnServer> = {}, client: Partial<KeptOnDevice> = {}): string => {
  const checker = bounds();
  checker.hear(tell({ kind: 'committed', by: 'sql', name: 'sql', order: 1, rows: [{}], mutations: [] }));
  const found = checker.hear(
    tell({
      kind: 'aged',
      kept: { ...kept, ...server },
      clients: [{ ...device, ...client }],
      server: {
        tables: {
          products: [{ id: 'p', storeId: 's1' }],
          sales: [{ id: 's', productId: 'p' }],
        },
        rights: {},
        scopes: {},
        schemaVersion: 3,
        unknownSeqs: [],
      },
    }),
  );
  return found.map(({ invariant, message }) => `${invariant} ${message}`).join();
};

describe('what is kept when all is old', () => {
  it('[SIM-45] is within its formula', () => {
    expect(findings()).toBe('');
  });

  it('[SIM-45] is told where it is more', () => {
    expect(findings({ present: 3 })).toContain('3 entries of rows in scopes, at most 2');
    expect(findings({ gone: 1 })).toContain('1 entries of what is gone, at most 0');
    expect(findings({ settled: 1 })).toContain('1 stored outcomes');
    expect(findings({ ranges: 3 })).toContain('3 ranges of settled numbers, at most 2');
    expect(findings({ audit: 3 })).toContain('3 entries of the audit, at most 2');
    expect(findings({ hours: 9_999 })).toContain('9999 hours');
    expect(findings({}, { settled: 1 })).toContain('c0: 1 settled mutations');
    expect(findings({}, { settled: 1, shutOut: true })).toBe('');
    expect(findings({}, { stage: 1 })).toContain('c0: 1 staged lines');
  });
});
