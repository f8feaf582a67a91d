import '@satchel/react/satchel.css';
import './shop.css';
import { openSatchel } from '@satchel/client';
import { browserPlatform } from '@satchel/client/browser';
import { type SatchelClient, SatchelProvider } from '@satchel/react';
import app from '@satchel-examples/shop/app';
import { createRoot } from 'react-dom/client';
import { openSession, tokenOf } from './session.ts';
import { Shop } from './shop.tsx';
import { switchedNetwork } from './switched-network.ts';

const start = async (): Promise<void> => {
  const root = createRoot(document.getElementById('root') as HTMLElement);
  if ('serviceWorker' in navigator) {
    navigator.serviceWorker.register('/service-worker.js', { type: 'module' }).catch(() => {
      // Refused, in a private window for example: the shop works while the page is open.
    });
  }
  const session = await openSession();
  if (session === null) {
    root.render(<p className="first">The first start needs a network.</p>);
    return;
  }
  const network = switchedNetwork();
  const db = await openSatchel({
    app,
    platform: browserPlatform({
      network,
      worker: () => new Worker(new URL('./satchel.worker.ts', import.meta.url), { type: 'module' }),
    }),
    server: session.server,
    user: { id: session.user.id },
    token: () => tokenOf(session),
    device: { name: session.user.name, platform: 'web' },
  });
  root.render(
    <SatchelProvider
      db={db as unknown as SatchelClient}
      preset="shop"
      labels={{
        tables: { products: 'Products', customers: 'Customers', sales: 'Sales', saleLines: 'Items sold' },
        people: { staff: 'Till 1', staff2: 'Till 2', manager: 'Office' },
      }}
    >
      <Shop user={session.user} network={network} />
    </SatchelProvider>,
  );
};

await start();
