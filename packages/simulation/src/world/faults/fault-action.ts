import type { Action } from '../../plan.ts';

/** A step of the plan that lets a fault happen. */
export type FaultAction = Action & { readonly kind: 'fault' };

export const SECOND = 1_000;
export const DAY = 86_400 * SECOND;
