export { fieldApp, NEWEST, type SchemaVersion } from './app/field-app.ts';
export type { Checker, CheckerFactory, Finding, Violation } from './checker.ts';
export {
  coverPairs,
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
export { type Action, type Plan, planOf, type Step } from './plan.ts';
export type { SimulationOptions, SimulationResult } from './run.ts';
export { runSimulation, stopSimulations } from './simulate.ts';
export { LIVENESS_MS } from './world/finish.ts';
