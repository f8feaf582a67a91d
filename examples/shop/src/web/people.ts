import type { People } from '@satchel-examples/web-front';

const claims = { storeId: '42' };

/** Who may sign in to the demonstration. */
export const PEOPLE: People = {
  staff: { name: 'Till 1', roles: ['staff'], claims },
  staff2: { name: 'Till 2', roles: ['staff'], claims },
  /** Decides what tills send to support, too. */
  manager: { name: 'Office', roles: ['manager', 'admin'], claims },
};
