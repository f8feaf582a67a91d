import { SatchelError } from '@satchel/protocol';
import type { World } from './world.ts';

/** What a promise of the app may end with, and what is a bug. */
export const ended =
  (world: World) =>
  (error: unknown): void => {
    if (!(error instanceof SatchelError)) world.crashed('app', error);
  };
