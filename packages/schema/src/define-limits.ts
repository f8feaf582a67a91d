import type { Limits } from './app.ts';
import { days, minutes } from './durations.ts';
import { checkSettings, checkWhole } from './mistake.ts';

const LIMITS: Limits = {
  maxTextBytes: 1_048_576,
  maxChanges: 10_000,
  maxMutationBytes: 4_000_000,
  heldFor: days(5),
  keepSettledFor: days(30),
  clientLifetime: days(90),
  clockTolerance: minutes(1),
};

/** The limits with every default filled in. */
export const defineLimits = (where: string, given: Partial<Limits>): Limits => {
  checkSettings(where, given, Object.keys(LIMITS));
  const limits = { ...LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    const bytes = name.endsWith('Bytes');
    checkWhole(
      `${where}.${name}`,
      value,
      1,
      bytes ? 'bytes' : name === 'maxChanges' ? 'changes' : 'milliseconds',
    );
  }
  return limits;
};
