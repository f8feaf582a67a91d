import { satchelHooks } from '@satchel/react';
import type app from '@satchel-examples/shop/app';

/** The hooks, typed by the shop. */
export const { useMutation, useQuery, useRow, useSatchel } = satchelHooks<typeof app>();
