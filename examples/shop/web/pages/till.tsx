import { RecordBadge, useTexts, useToasts } from '@satchel/react';
import { type ReactElement, useState } from 'react';
import { totalOf } from '../../src/money.ts';
import { useMutation, useQuery } from '../hooks.ts';

interface Offered {
  readonly id: string;
  readonly name: string;
  readonly price: string;
  readonly stock: number;
}
interface Sold {
  readonly id: string;
  readonly total_amount: string;
  readonly sale_date: number;
  readonly customer_name: string;
}

/** Tap what is sold, take the money. It never asks whether there is a network. */
export const Till = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const { rows: products } = useQuery<Offered>({
    sql: 'select id, name, price, stock from products order by name',
    identity: ['id'],
  });
  const { rows: customers } = useQuery<{ readonly id: string; readonly name: string }>({
    sql: 'select id, name from customers order by name',
  });
  const { rows: sales } = useQuery<Sold>({
    sql: 'select id, total_amount, sale_date, customer_name from sales order by sale_date desc limit 6',
    identity: ['id'],
  });
  const [basket, setBasket] = useState<Readonly<Record<string, number>>>({});
  const [customerId, setCustomer] = useState('');
  const { run, stands } = useMutation();
  const { created } = useToasts();
  const { time } = useTexts();
  const lines = products
    .filter(({ id }) => (basket[id] ?? 0) > 0)
    .map(({ id, name, price }) => ({ productId: id, name, price, quantity: basket[id] ?? 0 }));
  const add = (id: string, quantity: number): void =>
    setBasket((before) => ({ ...before, [id]: Math.max(0, (before[id] ?? 0) + quantity) }));
  const sell = async (): Promise<void> => {
    const customerName = customers.find(({ id }) => id === customerId)?.name ?? 'Counter';
    await run('recordSale', {
      storeId,
      customerName,
      ...(customerId === '' ? {} : { customerId }),
      lines: lines.map(({ price, productId, quantity }) => ({ price, productId, quantity })),
    });
    setBasket({});
    created('Sale');
  };
  return (
    <div className="till">
      <section className="shelf" aria-label="Products">
        {products.map(({ id, name, price, stock }) => (
          <button key={id} type="button" className="good" onClick={() => add(id, 1)}>
            <span>{name}</span>
            <strong>{totalOf([{ price, quantity: 1 }])}</strong>
            <small>{`${stock} left`}</small>
            {basket[id] ? <b>{basket[id]}</b> : null}
          </button>
        ))}
      </section>
      <section className="basket" aria-label="Basket">
        <h2>Basket</h2>
        {lines.length === 0 ? <p className="quiet">Tap a product to begin.</p> : null}
        <ul>
          {lines.map(({ name, price, productId, quantity }) => (
            <li key={productId}>
              <span>{name}</span>
              <span className="amount">
                <button type="button" aria-label={`One ${name} less`} onClick={() => add(productId, -1)}>
                  −
                </button>
                {quantity}
                <button type="button" aria-label={`One ${name} more`} onClick={() => add(productId, 1)}>
                  +
                </button>
              </span>
              <strong>{totalOf([{ price, quantity }])}</strong>
            </li>
          ))}
        </ul>
        <label>
          Customer
          <select value={customerId} onChange={(event) => setCustomer(event.currentTarget.value)}>
            <option value="">Counter</option>
            {customers.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <p className="total">
          <span>Total</span>
          <strong>{totalOf(lines)}</strong>
        </p>
        <button
          type="button"
          className="pay"
          disabled={lines.length === 0 || stands === 'saving'}
          onClick={sell}
        >
          Take payment
        </button>
      </section>
      <section className="sales" aria-label="Last sales">
        <h2>Last sales</h2>
        {sales.length === 0 ? <p className="quiet">Nothing sold yet.</p> : null}
        <ul>
          {sales.map(({ customer_name, id, sale_date, total_amount }) => (
            <li key={id}>
              <span>
                {customer_name}
                <small>{time(sale_date)}</small>
              </span>
              <strong>{totalOf([{ price: total_amount, quantity: 1 }])}</strong>
              <RecordBadge table="sales" recordKey={id} />
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
};
