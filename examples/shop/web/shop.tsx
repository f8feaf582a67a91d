import {
  ConflictInbox,
  Icon,
  type IconName,
  SyncIndicator,
  Toaster,
  useConflicts,
  useSyncStatus,
} from '@satchel/react';
import { type ReactElement, useState } from 'react';
import { Customers } from './pages/customers.tsx';
import { Products } from './pages/products.tsx';
import { Reports } from './pages/reports.tsx';
import { Sync } from './pages/sync.tsx';
import { Till } from './pages/till.tsx';
import type { Session } from './session.ts';
import type { SwitchedNetwork } from './switched-network.ts';

const PAGES = [
  ['till', 'Sell', 'plus'],
  ['products', 'Products', 'device'],
  ['customers', 'Customers', 'support'],
  ['reports', 'Reports', 'history'],
  ['sync', 'Sync', 'refresh'],
] as const satisfies readonly (readonly [string, string, IconName])[];
type PageName = (typeof PAGES)[number][0] | 'conflicts';

/** The whole app: where sync stands is always in sight, and one press away from what it needs. */
export const Shop = ({
  user,
  network,
}: {
  readonly user: Session['user'];
  readonly network: SwitchedNetwork;
}): ReactElement => {
  const [page, setPage] = useState<PageName>('till');
  const [off, setOff] = useState(network.isOff());
  const waiting = useConflicts().open.length + (useSyncStatus()?.quarantined ?? 0);
  const turn = (): void => {
    network.turn(!off);
    setOff(!off);
  };
  return (
    <div className="shop">
      <header className="bar">
        <h1>
          <span>Corner shop</span>
          <small>{user.name}</small>
        </h1>
        <button type="button" className="network" aria-pressed={off} onClick={turn}>
          <Icon name={off ? 'offline' : 'wifi'} />
          {off ? 'Go online' : 'Go offline'}
        </button>
      </header>
      <nav className="tabs" aria-label="Pages">
        {PAGES.map(([name, label, icon]) => (
          <button
            key={name}
            type="button"
            aria-current={page === name ? 'page' : undefined}
            onClick={() => setPage(name)}
          >
            <Icon name={icon} />
            <span>{label}</span>
            {name === 'sync' && waiting > 0 ? <b>{waiting}</b> : null}
          </button>
        ))}
      </nav>
      <main className="page">
        <SyncIndicator onReview={() => setPage('conflicts')} />
        {page === 'till' ? <Till storeId={user.storeId} /> : null}
        {page === 'products' ? <Products storeId={user.storeId} /> : null}
        {page === 'customers' ? <Customers storeId={user.storeId} /> : null}
        {page === 'reports' ? <Reports /> : null}
        {page === 'sync' ? <Sync /> : null}
        {page === 'conflicts' ? <ConflictInbox /> : null}
      </main>
      <Toaster />
    </div>
  );
};
