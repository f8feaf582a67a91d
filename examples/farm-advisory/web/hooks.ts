import { satchelHooks } from '@satchel/react';
import type app from '@satchel-examples/farm-advisory/app';

/** The hooks, typed by the app. */
export const { useMutation, useQuery } = satchelHooks<typeof app>();
