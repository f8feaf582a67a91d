export { fieldApp, NEWEST, type SchemaVersion } from './app/field-app.ts';
export {
  type CampaignResult,
  type Failure,
  runCoreSeeds,
  runWholeSeeds,
  type Seeds,
} from './campaign.ts';
export type { Checker, CheckerFactory, Finding, Violation } from './checker.ts';
export { CHECKERS } from './checkers/all-checkers.ts';
export { INVARIANTS } from './checkers/invariants.ts';
export { CORE_FAULTS, type CoreResult, runCore } from './core-runner/run-core.ts';
export { FAMILIES_OF_A_SEED, familiesOfSeed, faultsOfSeed } from './fault-cover.ts';
export {
  FAMILIES,
  FAULT_NAMES,
  FAULTS,
  type Family,
  type Fault,
  familyOf,
  familyPairs,
  faultsOf,
  NOT_SIMULATED,
} from './faults.ts';
export type * from './history.ts';
export { failureText } from './new-seeds.ts';
export { type Action, type Plan, planOf, type Step } from './plan.ts';
export { readPlantedBugs } from './planted/planted-bug.ts';
export { type Hunted, huntPlantedBugs, medianSeeds } from './planted/run-planted.ts';
export type { SimulationOptions, SimulationResult } from './run.ts';
export { runScenario, type ScenarioResult } from './scenarios/run-scenario.ts';
export { runnable, SCENARIOS } from './scenarios/table.ts';
export type { Baselines } from './scorecard/facts.ts';
export { recordCounted } from './scorecard/record-counted.ts';
export {
  appendRecord,
  type RunFacts,
  readRecords,
  recordOfHunt,
  recordOfSeeds,
} from './scorecard/records.ts';
export { reliabilityPage } from './scorecard/reliability-page.ts';
export { runFacts } from './scorecard/run-facts.ts';
export { type Figure, scorecard } from './scorecard/scorecard.ts';
export { runWholeSideBySide } from './side-by-side.ts';
export { runSimulation, stopSimulations } from './simulate.ts';
export { LIVENESS_MS } from './world/finish.ts';
