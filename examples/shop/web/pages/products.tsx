import { PullToRefresh } from '@satchel/react';
import { type ReactElement, useState } from 'react';
import { useSay } from '../texts.ts';
import { Prices } from './prices.tsx';
import { Stock } from './stock.tsx';

const VIEWS = ['prices', 'stock'] as const;

/** What is sold here: what it costs, and how much of it is on the shelf. */
export const Products = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const say = useSay();
  const [view, setView] = useState<(typeof VIEWS)[number]>('prices');
  return (
    <div className="stack">
      <div className="segments">
        {VIEWS.map((name) => (
          <button key={name} type="button" aria-pressed={view === name} onClick={() => setView(name)}>
            {say(name)}
          </button>
        ))}
      </div>
      <PullToRefresh label={say(view)}>
        {view === 'prices' ? <Prices storeId={storeId} /> : <Stock storeId={storeId} />}
      </PullToRefresh>
    </div>
  );
};
