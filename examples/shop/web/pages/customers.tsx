import { RecordBadge, useToasts } from '@satchel/react';
import type { ReactElement } from 'react';
import { useMutation, useQuery } from '../hooks.ts';

interface Customer {
  readonly id: string;
  readonly name: string;
  readonly phone: string | null;
  readonly bought: number | null;
}

/** Who buys here, and for how much. */
export const Customers = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const { rows } = useQuery<Customer>({
    sql: `select c.id, c.name, c.phone, sum(cast(s.total_amount as real)) as bought
            from customers c left join sales s on s.customer_id = c.id group by c.id order by c.name`,
    identity: ['id'],
  });
  const { write } = useMutation();
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
      <form className="new" action={add}>
        <label>
          New customer
          <input name="name" required placeholder="Name" />
        </label>
        <label>
          Phone
          <input name="phone" type="tel" />
        </label>
        <button type="submit">Add</button>
      </form>
      <ul className="rows">
        {rows.map(({ bought, id, name, phone }) => (
          <li key={id}>
            <span className="name">
              <strong>{name}</strong>
              <small>{phone}</small>
            </span>
            <span>{bought === null ? 'nothing yet' : `bought for ${bought.toFixed(2)}`}</span>
            <RecordBadge table="customers" recordKey={id} />
          </li>
        ))}
      </ul>
    </div>
  );
};
