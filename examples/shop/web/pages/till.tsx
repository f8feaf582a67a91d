import { RecordBadge, useTexts, useToasts } from '@satchel/react';
import { type ReactElement, useState } from 'react';
import { totalOf } from '../../src/money.ts';
import { useMutation, useQuery } from '../hooks.ts';
import { costOf, useMoney } from '../money.ts';
import { useSay } from '../texts.ts';
import { Count } from './count.tsx';

interface Offered {
  readonly id: string;
  readonly name: string;
  readonly price: string;
  readonly stock: number;
}
interface Line {
  readonly productId: string;
  readonly name: string;
  readonly price: string;
  readonly quantity: number;
}
type Basket = Readonly<Record<string, number>>;

/** Tap what is sold, take the money. It never asks whether there is a network. */
export const Till = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const { rows: products } = useQuery<Offered>({
    sql: 'select id, name, price, stock from products order by name',
    identity: ['id'],
  });
  const [basket, setBasket] = useState<Basket>({});
  const add = (id: string, quantity: number): void =>
    setBasket((before) => ({ ...before, [id]: Math.max(0, (before[id] ?? 0) + quantity) }));
  const lines = products
    .filter(({ id }) => (basket[id] ?? 0) > 0)
    .map(({ id, name, price }) => ({ productId: id, name, price, quantity: basket[id] ?? 0 }));
  return (
    <div className="till">
      <Shelf products={products} basket={basket} take={(id) => add(id, 1)} />
      <Checkout storeId={storeId} lines={lines} add={add} done={() => setBasket({})} />
      <LastSales />
    </div>
  );
};

const Shelf = ({
  products,
  basket,
  take,
}: {
  readonly products: readonly Offered[];
  readonly basket: Basket;
  readonly take: (id: string) => void;
}): ReactElement => {
  const say = useSay();
  const money = useMoney();
  const [wanted, setWanted] = useState('');
  const word = wanted.trim().toLocaleLowerCase();
  const found = products.filter(({ name }) => name.toLocaleLowerCase().includes(word));
  return (
    <section className="shelf" aria-label={say('products')}>
      <input
        type="search"
        aria-label={say('search')}
        placeholder={say('search')}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      {found.length === 0 && word !== '' ? <p className="quiet">{say('nothingFound')}</p> : null}
      <div className="goods">
        {found.map(({ id, name, price, stock }) => (
          <button
            key={id}
            type="button"
            className="good"
            data-taken={basket[id] ? true : undefined}
            onClick={() => take(id)}
          >
            <span>{name}</span>
            <strong>{money(price)}</strong>
            <small>{say('left', { n: stock })}</small>
            {basket[id] ? <b>{basket[id]}</b> : null}
          </button>
        ))}
      </div>
    </section>
  );
};

const Checkout = ({
  storeId,
  lines,
  add,
  done,
}: {
  readonly storeId: string;
  readonly lines: readonly Line[];
  readonly add: (id: string, quantity: number) => void;
  readonly done: () => void;
}): ReactElement => {
  const say = useSay();
  const money = useMoney();
  const { run, stands } = useMutation();
  const { created } = useToasts();
  const { rows: customers } = useQuery<{ readonly id: string; readonly name: string }>({
    sql: 'select id, name from customers order by name',
  });
  const [customerId, setCustomer] = useState('');
  const mayPay = lines.length > 0 && stands !== 'saving';
  const sell = async (): Promise<void> => {
    const customerName = customers.find(({ id }) => id === customerId)?.name ?? '';
    await run('recordSale', {
      storeId,
      customerName,
      ...(customerId === '' ? {} : { customerId }),
      lines: lines.map(({ price, productId, quantity }) => ({ price, productId, quantity })),
    });
    done();
    created(say('sale'));
  };
  return (
    <section className="card" aria-label={say('basket')}>
      <h2>{say('basket')}</h2>
      {lines.length === 0 ? <p className="quiet">{say('tapToBegin')}</p> : null}
      <ul className="lines">
        {lines.map(({ name, price, productId, quantity }) => (
          <li key={productId}>
            <span>{name}</span>
            <Count
              less={say('lessOf', { name })}
              more={say('moreOf', { name })}
              n={quantity}
              change={(by) => add(productId, by)}
            />
            <strong>{money(costOf(price, quantity))}</strong>
          </li>
        ))}
      </ul>
      <label>
        {say('customer')}
        <select value={customerId} onChange={(event) => setCustomer(event.currentTarget.value)}>
          <option value="">{say('counter')}</option>
          {customers.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div className="checkout" data-open={lines.length > 0 || undefined}>
        <p>
          <span>{say('total')}</span>
          <strong>{money(totalOf(lines))}</strong>
        </p>
        <button
          type="button"
          className="main pay"
          // It stays where the keyboard is: focus is not lost with the basket that was paid.
          aria-disabled={!mayPay || undefined}
          onClick={() => (mayPay ? sell() : undefined)}
        >
          {say('takePayment')}
        </button>
      </div>
    </section>
  );
};

interface Sold {
  readonly id: string;
  readonly total_amount: string;
  readonly sale_date: number;
  readonly customer_name: string;
}

const LastSales = (): ReactElement => {
  const say = useSay();
  const money = useMoney();
  const { time } = useTexts();
  const { rows: sales, loading } = useQuery<Sold>({
    sql: 'select id, total_amount, sale_date, customer_name from sales order by sale_date desc limit 6',
    identity: ['id'],
  });
  return (
    <section className="card" aria-label={say('lastSales')}>
      <h2>{say('lastSales')}</h2>
      {sales.length === 0 && !loading ? <p className="quiet">{say('nothingSold')}</p> : null}
      <ul className="sold">
        {sales.map(({ customer_name, id, sale_date, total_amount }) => (
          <li key={id}>
            <span>
              {customer_name || say('counter')}
              <small>{time(sale_date)}</small>
            </span>
            <strong>{money(total_amount)}</strong>
            <RecordBadge table="sales" recordKey={id} />
          </li>
        ))}
      </ul>
    </section>
  );
};
