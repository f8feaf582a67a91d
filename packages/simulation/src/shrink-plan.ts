import type { Plan, Step } from './plan.ts';

const without = (steps: readonly Step[], from: number, count: number): readonly Step[] => [
  ...steps.slice(0, from),
  ...steps.slice(from + count),
];

/**
 * The shortest plan found that still fails: halves, quarters and so on are left out as
 * long as the failure stays. Ends after `tries` runs, with what it has.
 */
export const shrinkPlan = async (
  plan: Plan,
  stillFails: (plan: Plan) => Promise<boolean>,
  tries: number,
): Promise<Plan> => {
  let { steps } = plan;
  let left = tries;
  for (let size = Math.ceil(steps.length / 2); size >= 1 && left > 0; size = Math.floor(size / 2)) {
    for (let from = 0; from < steps.length && left > 0; ) {
      const fewer = without(steps, from, size);
      left--;
      if (fewer.length < steps.length && (await stillFails({ ...plan, steps: fewer }))) steps = fewer;
      else from += size;
    }
  }
  return { ...plan, steps };
};
