export { baselinesText } from './baselines.ts';
export { BENCHMARKS } from './benchmarks.ts';
export { renderReport } from './report.ts';
export {
  type BenchmarkResult,
  type BenchOptions,
  type BenchReport,
  type LineResult,
  runBench,
} from './run.ts';
