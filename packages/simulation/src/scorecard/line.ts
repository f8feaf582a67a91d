import type { Facts } from './facts.ts';

/** What a line says, and the command that gives it. */
export interface Given {
  readonly value: string;
  readonly from: string;
}

/** One line: how its figure follows from what was kept, and what is said where it does not. */
export interface Line {
  readonly id: string;
  readonly what: string;
  readonly measure: (facts: Facts) => Given | undefined;
  readonly otherwise: string;
}

export const ofBench =
  (name: string, unit: (values: Readonly<Record<string, number>>) => string) =>
  ({ baselines }: Facts): Given | undefined => {
    const values = baselines[name];
    return values && { value: unit(values), from: `satchel bench --only ${name}` };
  };

/** Of a run with a name; a run that was kept before it counted what is told has none. */
export const ofRun =
  (name: string, tell: (figures: Readonly<Record<string, number>>) => string | undefined) =>
  ({ counted }: Facts): Given | undefined => {
    const run = counted.get(name);
    const value = run && tell(run.figures);
    return run && value !== undefined ? { value, from: run.command } : undefined;
  };
