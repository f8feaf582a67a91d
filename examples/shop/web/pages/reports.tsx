import { StaleBanner, useNow, useTexts } from '@satchel/react';
import type { ReactElement } from 'react';
import { useQuery } from '../hooks.ts';

const DAY = 86_400_000;

/** Figures of today and the week, from what is on this device: they move with every sale. */
export const Reports = (): ReactElement => {
  const now = useNow();
  const today = Math.floor(now / DAY) * DAY;
  const { number } = useTexts();
  const { rows: sums } = useQuery<{ readonly sales: number; readonly total: number | null }>({
    sql: 'select count(*) as sales, sum(cast(total_amount as real)) as total from sales where sale_date >= ?',
    parameters: [today],
  });
  const { rows: best } = useQuery<{ readonly name: string; readonly sold: number }>({
    sql: `select p.name, sum(l.quantity) as sold from sale_lines l
            join products p on p.id = l.product_id join sales s on s.id = l.sale_id
           where s.sale_date >= ? group by p.id order by sold desc limit 5`,
    parameters: [today - 6 * DAY],
  });
  const { rows: low } = useQuery<{ readonly name: string; readonly stock: number }>({
    sql: 'select name, stock from products where stock < 30 order by stock limit 8',
  });
  const most = Math.max(1, ...best.map(({ sold }) => sold));
  return (
    <div className="stack">
      <StaleBanner table="sales" />
      <section className="figures" aria-label="Today">
        <p>
          <strong>{number(sums[0]?.sales ?? 0)}</strong>
          <span>sales today</span>
        </p>
        <p>
          <strong>{(sums[0]?.total ?? 0).toFixed(2)}</strong>
          <span>taken today</span>
        </p>
      </section>
      <section className="card">
        <h2>Best of seven days</h2>
        {best.length === 0 ? <p className="quiet">Nothing sold yet.</p> : null}
        <ul className="best">
          {best.map(({ name, sold }) => (
            <li key={name}>
              <span>{name}</span>
              <strong>{sold}</strong>
              <i style={{ inlineSize: `${(sold / most) * 100}%` }} />
            </li>
          ))}
        </ul>
      </section>
      <section className="card">
        <h2>Running low</h2>
        <ul className="best">
          {low.map(({ name, stock }) => (
            <li key={name}>
              <span>{name}</span>
              <strong>{stock}</strong>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
};
