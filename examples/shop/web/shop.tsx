import { useConflicts, useSyncStatus, useTexts } from '@satchel/react';
import { type FrontProps, Shell, usePage } from '@satchel-examples/web-front/browser';
import type { ReactElement } from 'react';
import { Customers } from './pages/customers.tsx';
import { Products } from './pages/products.tsx';
import { Reports } from './pages/reports.tsx';
import { Settings } from './pages/settings.tsx';
import { Till } from './pages/till.tsx';
import { useSay } from './texts.ts';

/** The whole app: five pages in one frame. */
export const Shop = ({ network, session }: FrontProps): ReactElement => {
  const say = useSay();
  const page = usePage(['till', 'products', 'customers', 'reports', 'settings']);
  const { claims, id } = session.user;
  const { person } = useTexts();
  const storeId = claims.storeId ?? '';
  const status = useSyncStatus();
  const waiting = useConflicts().open.length + (status?.quarantined ?? 0) + (status?.tab?.refused ?? 0);
  return (
    <Shell
      title={say('title')}
      person={person(id)}
      network={network}
      page={page}
      reviewPage="settings"
      pages={[
        { name: 'till', label: say('till'), icon: 'basket' },
        { name: 'products', label: say('products'), icon: 'box' },
        { name: 'customers', label: say('customers'), icon: 'people' },
        { name: 'reports', label: say('reports'), icon: 'chart' },
        { name: 'settings', label: say('settings'), icon: 'gear', waiting },
      ]}
    >
      {page === 'till' ? <Till storeId={storeId} /> : null}
      {page === 'products' ? <Products storeId={storeId} /> : null}
      {page === 'customers' ? <Customers storeId={storeId} /> : null}
      {page === 'reports' ? <Reports /> : null}
      {page === 'settings' ? <Settings session={session} /> : null}
    </Shell>
  );
};
