/* What is to be run where a figure is missing. */

export const SIMULATE = 'satchel simulate';
export const NO_SEEDS = `run ${SIMULATE} --record docs/reliability.json`;
export const NO_CORE = `run ${SIMULATE} --core --record docs/reliability.json`;
export const NO_BENCH = 'run satchel bench --baselines bench/baselines.json';
export const SCENARIO = `run ${SIMULATE} --scenario all --record docs/reliability.json`;
