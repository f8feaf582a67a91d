import { PullToRefresh, StaleBanner, useNow, useStaleness, useTexts } from '@satchel/react';
import type { ReactElement } from 'react';
import { useQuery } from '../hooks.ts';
import { useSay } from '../texts.ts';
import { useCropName } from './crops.tsx';

interface Price {
  readonly id: string;
  readonly market: string;
  readonly crop: string;
  readonly price: string;
  readonly unit: string;
  readonly quoted_at: number;
}

/** What the markets of the region pay. After six hours without the server the figures say that they are old. */
export const Market = (): ReactElement => {
  const say = useSay();
  const cropName = useCropName();
  const { ago, number } = useTexts();
  const now = useNow();
  const { stale } = useStaleness('marketPrices');
  const { rows, loading } = useQuery<Price>({
    sql: 'select id, market, crop, price, unit, quoted_at from market_prices order by market, crop',
    identity: ['id'],
  });
  const markets = [...new Set(rows.map(({ market }) => market))];
  return (
    <div className="stack">
      <StaleBanner table="marketPrices" />
      <PullToRefresh label={say('market')}>
        {rows.length === 0 && !loading ? <p className="quiet">{say('noPrices')}</p> : null}
        {markets.map((market) => (
          <section key={market} className="card prices" data-stale={stale || undefined} aria-label={market}>
            <h3>{market}</h3>
            <ul>
              {rows
                .filter((row) => row.market === market)
                .map(({ crop, id, price, quoted_at, unit }) => (
                  <li key={id}>
                    <span>{cropName(crop)}</span>
                    <span className="price">
                      <strong>{number(Number(price))}</strong>
                      <small>{say('perUnit', { unit: unit === 'quintal' ? say('quintal') : unit })}</small>
                    </span>
                    <small>{say('quoted', { when: ago(quoted_at, now) })}</small>
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </PullToRefresh>
    </div>
  );
};
