import type { Benchmark } from './benchmark.ts';
import { capture } from './benchmarks/capture.ts';
import { catchUp } from './benchmarks/catch-up.ts';
import { firstSync } from './benchmarks/first-sync.ts';
import { liveDelivery } from './benchmarks/live-delivery.ts';
import { localReads } from './benchmarks/local-reads.ts';
import { localWrites } from './benchmarks/local-writes.ts';
import { machine } from './benchmarks/machine.ts';
import { upload } from './benchmarks/upload.ts';

/** All benchmarks, in the order of the table. */
export const BENCHMARKS: readonly Benchmark[] = [
  machine,
  firstSync,
  localWrites,
  upload,
  liveDelivery,
  catchUp,
  localReads,
  capture,
];
