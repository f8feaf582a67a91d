import { createHash, timingSafeEqual } from 'node:crypto';
import type { PushResponse } from '@satchel/protocol';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Gauges } from '../operate/gauges.ts';

/** The figures of one server, in the text format of Prometheus. No label holds a user, a key or a value. */
export interface Metrics {
  request(facts: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly seconds: number;
    readonly received: number;
  }): void;
  failed(code: string): void;
  sent(route: string, bytes: number): void;
  pushed(response: PushResponse): void;
  readonly contentType: string;
  text(gauges: Gauges | null): Promise<string>;
}

const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'satchel_http_requests_total',
    help: 'Answered requests.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'satchel_http_request_seconds',
    help: 'Time from the head of a request to the head of its answer.',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  });
  const received = new Counter({
    name: 'satchel_http_received_bytes_total',
    help: 'Bytes of request bodies on the wire.',
    labelNames: ['route'],
    registers,
  });
  const sent = new Counter({
    name: 'satchel_http_sent_bytes_total',
    help: 'Bytes of answer bodies on the wire.',
    labelNames: ['route'],
    registers,
  });
  const errors = new Counter({
    name: 'satchel_errors_total',
    help: 'Errors told to callers, by code.',
    labelNames: ['code'],
    registers,
  });
  const mutations = new Counter({
    name: 'satchel_mutations_total',
    help: 'Answers to pushed mutations, by outcome or interim answer; repeats apart.',
    labelNames: ['answer'],
    registers,
  });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const databaseUp = gauge('satchel_database_up', 'Whether the database answered this scrape.');
  const gauges = {
    openConflicts: gauge('satchel_conflicts_open', 'Conflicts that wait for a decision.'),
    heldMutations: gauge('satchel_mutations_held', 'Mutations that wait for a parent row.'),
    appliedQueue: gauge('satchel_applied_queue', 'Calls of onApplied functions that are still due.'),
    liveClients: gauge('satchel_clients', 'Clients heard of within their lifetime.'),
    oldestTransactionSeconds: gauge(
      'satchel_oldest_transaction_seconds',
      'Age of the oldest open transaction of the database.',
    ),
    pendingOnDevices: gauge(
      'satchel_pending_on_devices',
      'Mutations that wait on devices, as they said when last heard.',
    ),
    standingAlerts: gauge('satchel_alerts_standing', 'Alerts to operators that stand.'),
  };
  const daily = {
    syncSuccessRate: gauge(
      'satchel_sync_success_ratio',
      'Share of syncs of the last 24 hours that went through, as devices report them.',
    ),
    meanSyncSeconds: gauge('satchel_sync_seconds_mean', 'Mean length of syncs of the last 24 hours.'),
    conflictRate: gauge('satchel_conflict_ratio', 'Conflicts over changes received in the last 24 hours.'),
    consistencySeconds: gauge(
      'satchel_consistency_seconds_p95',
      'How old news was when devices were handed it, 95th percentile of the last 24 hours.',
    ),
  };
  const memory = gauge('process_resident_memory_bytes', 'Resident memory of this process.');
  const cpu = gauge('process_cpu_seconds', 'CPU time of this process since it started.');
  return {
    request(facts) {
      requests.inc({ route: facts.route, method: facts.method, status: String(facts.status) });
      seconds.observe({ route: facts.route }, facts.seconds);
      if (facts.received > 0) received.inc({ route: facts.route }, facts.received);
    },
    failed: (code) => errors.inc({ code }),
    sent: (route, bytes) => sent.inc({ route }, bytes),
    pushed(response) {
      for (const answer of response.answers) mutations.inc({ answer: answerLabel(answer) });
    },
    contentType: registry.contentType,
    async text(now) {
      databaseUp.set(now === null ? 0 : 1);
      if (now !== null) {
        gauges.openConflicts.set(now.openConflicts);
        gauges.heldMutations.set(now.heldMutations);
        gauges.appliedQueue.set(now.appliedQueue);
        gauges.liveClients.set(now.liveClients);
        gauges.oldestTransactionSeconds.set(now.oldestTransactionSeconds);
        gauges.pendingOnDevices.set(now.pendingOnDevices);
        gauges.standingAlerts.set(now.standingAlerts);
        daily.syncSuccessRate.set(now.syncSuccessRate ?? Number.NaN);
        daily.meanSyncSeconds.set(now.meanSyncSeconds ?? Number.NaN);
        daily.conflictRate.set(now.conflictRate ?? Number.NaN);
        daily.consistencySeconds.set(now.consistencySeconds ?? Number.NaN);
      }
      const { user, system } = process.cpuUsage();
      memory.set(process.memoryUsage.rss());
      cpu.set((user + system) / 1e6);
      return await registry.metrics();
    },
  };
};

const answerLabel = (answer: PushResponse['answers'][number]): string => {
  if (answer.kind !== 'outcome') return answer.kind;
  return answer.outcome.repeat === true ? 'repeat' : answer.outcome.outcome;
};

/** Whether the header carries the token; takes the same time wherever they differ. */
export const isMetricsToken = (authorization: string | null, token: string): boolean => {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`));
};
