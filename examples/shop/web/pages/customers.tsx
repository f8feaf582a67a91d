import { RecordBadge, useTexts, useToasts } from '@satchel/react';
import type { ReactElement } from 'react';
import { useMutation, useQuery } from '../hooks.ts';
import { useMoney } from '../money.ts';
import { useSay } from '../texts.ts';

interface Customer {
  readonly id: string;
  readonly name: string;
  readonly phone: string | null;
  readonly bought: number | null;
}

/** Who buys here, and for how much. */
export const Customers = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const say = useSay();
  const money = useMoney();
  const { problem: explain } = useTexts();
  const { rows } = useQuery<Customer>({
    sql: `select c.id, c.name, c.phone, sum(cast(s.total_amount as real)) as bought
            from customers c left join sales s on s.customer_id = c.id group by c.id order by c.name`,
    identity: ['id'],
  });
  const { problem, write } = useMutation();
  const { created } = useToasts();
  const add = async (data: FormData): Promise<void> => {
    const name = String(data.get('name'));
    await write({
      sql: 'insert into customers (id, store_id, name, phone) values (?, ?, ?, ?)',
      parameters: [crypto.randomUUID(), storeId, name, String(data.get('phone')) || null],
    });
    created(name);
  };
  return (
    <div className="stack">
      <details className="card">
        <summary>{say('newCustomer')}</summary>
        <form className="new" action={add}>
          <label>
            {say('name')}
            <input name="name" required />
          </label>
          <label>
            {say('phone')}
            <input name="phone" type="tel" />
          </label>
          <button type="submit" className="main">
            {say('add')}
          </button>
          {problem ? <p role="alert">{explain(problem)}</p> : null}
        </form>
      </details>
      <ul className="rows">
        {rows.map(({ bought, id, name, phone }) => (
          <li key={id}>
            <span className="name">
              <strong>{name}</strong>
              <small dir="ltr">{phone}</small>
            </span>
            <span className={bought === null ? 'quiet' : 'amount'}>
              {bought === null ? say('boughtNothing') : say('bought', { sum: money(bought) })}
            </span>
            <RecordBadge table="customers" recordKey={id} />
          </li>
        ))}
      </ul>
    </div>
  );
};
