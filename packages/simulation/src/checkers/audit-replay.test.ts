import { describe, expect, it } from 'vitest';
import type { AuditedChange, FinalServer, HistoryEvent, HistoryEventBody } from '../history.ts';
import { auditReplay } from './audit-replay.ts';

const product = (name: string, more = {}) => ({ id: 'k000001z', storeId: 's1', name, stock: 3, ...more });
const made: AuditedChange = {
  table: 'products',
  key: 'k000001z',
  op: 'insert',
  before: null,
  after: product('one'),
};
const edited: AuditedChange = { ...made, op: 'update', before: product('one'), after: product('two') };

const server = (more: Partial<FinalServer> = {}): FinalServer => ({
  tables: { products: [product('two')] },
  scopes: {},
  rights: {},
  mutations: [],
  conflicts: [],
  schemaVersion: 3,
  audit: [made, edited],
  unknownSeqs: [],
  ...more,
});

const client = (unsettled: number) => ({
  client: 'c0',
  clientId: 'id-0',
  outbox: Array.from({ length: unsettled }, (_, at) => ({
    mutationId: `m${at}`,
    state: 'quarantined',
    outcome: null,
    blockedBy: null,
    held: false,
    problem: null,
  })),
});

const findings = (given: FinalServer, unsettled = 0): readonly string[] => {
  const checker = auditReplay();
  const body = {
    kind: 'quiesced',
    clients: [client(unsettled)],
    server: given,
    healedWithin: 1,
  } as unknown as HistoryEventBody;
  const event = { number: 0, step: 0, at: 0, ...body } as HistoryEvent;
  return checker.hear(event).map(({ invariant, message }) => `${invariant} ${message}`);
};

describe('the audit, replayed', () => {
  it('[SIM-46] gives the state', () => {
    expect(findings(server())).toEqual([]);
  });

  it('[SIM-46] tells of a change that it has not, and of one that never was', () => {
    expect(findings(server({ audit: [made] }))[0]).toContain('name is two, the audit says one');
    expect(findings(server({ audit: [] }))[0]).toContain('knows nothing of it');
    expect(findings(server({ tables: { products: [] } }))[0]).toContain('is not there');
    const deleted: AuditedChange = { ...edited, op: 'delete', after: null };
    expect(findings(server({ audit: [made, edited, deleted] })).join()).toContain('says it is gone');
  });

  it('[SIM-46] tells of an entry that does not fit to the one before', () => {
    const other = { ...edited, before: product('another') };
    expect(findings(server({ audit: [made, other] }))[0]).toContain('found another name');
    expect(findings(server({ audit: [edited] }))[0]).toContain('update of a row');
  });

  it('[SIM-46] tells of numbers of a device that the server never heard of', () => {
    const unknown = server({ unknownSeqs: [{ clientId: 'id-0', seqs: 2 }] });
    expect(findings(unknown, 2)).toEqual([]);
    expect(findings(unknown, 1)[0]).toContain('never heard of 2 of its seq');
  });
});
