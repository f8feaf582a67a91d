import { useNow, useTexts } from '@satchel/react';
import type { ReactElement } from 'react';
import { useQuery } from '../hooks.ts';
import { useMoney } from '../money.ts';
import { useSay } from '../texts.ts';
import { LOW } from './low.ts';

const DAY = 86_400_000;

interface Sum {
  readonly sales: number;
  readonly total: number | null;
}

const SINCE =
  'select count(*) as sales, sum(cast(total_amount as real)) as total from sales where sale_date >= ?';

/** Figures of today and the week, from what is on this device: they move with every sale. */
export const Reports = (): ReactElement => {
  const say = useSay();
  const money = useMoney();
  const { number } = useTexts();
  const today = new Date(useNow()).setHours(0, 0, 0, 0);
  const week = today - 6 * DAY;
  const ofToday = useQuery<Sum>({ sql: SINCE, parameters: [today] }).rows[0];
  const ofWeek = useQuery<Sum>({ sql: SINCE, parameters: [week] }).rows[0];
  const { rows: best, loading } = useQuery<{ readonly name: string; readonly sold: number }>({
    sql: `select p.name, sum(l.quantity) as sold from sale_lines l
            join products p on p.id = l.product_id join sales s on s.id = l.sale_id
           where s.sale_date >= ? group by p.id order by sold desc, p.name limit 6`,
    parameters: [week],
  });
  const { rows: low, loading: counting } = useQuery<{ readonly name: string; readonly stock: number }>({
    sql: 'select name, stock from products where stock < ? order by stock, name limit 8',
    parameters: [LOW],
  });
  const most = Math.max(1, ...best.map(({ sold }) => sold));
  const figures = [
    [say('salesToday'), ofToday ? number(ofToday.sales) : '–'],
    [say('takenToday'), ofToday ? money(ofToday.total ?? 0) : '–'],
    [say('salesOfWeek'), ofWeek ? number(ofWeek.sales) : '–'],
    [say('takenOfWeek'), ofWeek ? money(ofWeek.total ?? 0) : '–'],
  ] as const;
  return (
    <div className="stack">
      <section className="figures" aria-label={say('today')}>
        {figures.map(([name, value]) => (
          <p key={name}>
            <span>{name}</span>
            <strong>{value}</strong>
          </p>
        ))}
      </section>
      <div className="two">
        <section className="card">
          <h3>{say('best')}</h3>
          {best.length === 0 && !loading ? <p className="quiet">{say('nothingSold')}</p> : null}
          <ul className="best">
            {best.map(({ name, sold }) => (
              <li key={name}>
                <span>{name}</span>
                <strong>{number(sold)}</strong>
                <i style={{ inlineSize: `${(sold / most) * 100}%` }} />
              </li>
            ))}
          </ul>
        </section>
        <section className="card">
          <h3>{say('runningLow')}</h3>
          {low.length === 0 && !counting ? <p className="quiet">{say('enough')}</p> : null}
          <ul className="best">
            {low.map(({ name, stock }) => (
              <li key={name}>
                <span>{name}</span>
                <strong className="low">{say('left', { n: stock })}</strong>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </div>
  );
};
