import type { Benchmark } from './benchmark.ts';
import { bulkBesideUrgent } from './benchmarks/bulk-beside-urgent.ts';
import { capture } from './benchmarks/capture.ts';
import { catchUp } from './benchmarks/catch-up.ts';
import { crowdFirstSync } from './benchmarks/crowd-first-sync.ts';
import { dialects } from './benchmarks/dialects.ts';
import { editBytes } from './benchmarks/edit-bytes.ts';
import { fanOut } from './benchmarks/fan-out.ts';
import { firstSync } from './benchmarks/first-sync.ts';
import { growth } from './benchmarks/growth.ts';
import { idleHour } from './benchmarks/idle-hour.ts';
import { inBrowser } from './benchmarks/in-browser.ts';
import { liveDelivery } from './benchmarks/live-delivery.ts';
import { localReads } from './benchmarks/local-reads.ts';
import { localWrites } from './benchmarks/local-writes.ts';
import { machine } from './benchmarks/machine.ts';
import { oftenUpdatedRow } from './benchmarks/often-updated-row.ts';
import { serverMemory } from './benchmarks/server-memory.ts';
import { sustainedPush } from './benchmarks/sustained-push.ts';
import { upload } from './benchmarks/upload.ts';

/** All benchmarks, in the order of the table. */
export const BENCHMARKS: readonly Benchmark[] = [
  machine,
  firstSync,
  localWrites,
  upload,
  liveDelivery,
  fanOut,
  catchUp,
  localReads,
  capture,
  serverMemory,
  idleHour,
  editBytes,
  crowdFirstSync,
  sustainedPush,
  oftenUpdatedRow,
  bulkBesideUrgent,
  dialects,
  growth,
  inBrowser,
];
