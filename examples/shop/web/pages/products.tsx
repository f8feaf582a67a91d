import { OfflineBanner, PullToRefresh, RecordBadge, useToasts } from '@satchel/react';
import { type FormEvent, type ReactElement, useState } from 'react';
import { useMutation, useQuery } from '../hooks.ts';

interface Product {
  readonly id: string;
  readonly name: string;
  readonly price: string;
  readonly stock: number;
}

/** What is on the shelf: prices, stock, what is new and what goes. */
export const Products = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const [wanted, setWanted] = useState('');
  const { rows } = useQuery<Product>({
    sql: "select id, name, price, stock from products where name like '%' || ? || '%' order by name",
    parameters: [wanted],
    identity: ['id'],
  });
  return (
    <div className="stack">
      <OfflineBanner />
      <NewProduct storeId={storeId} />
      <label className="search">
        Search
        <input type="search" value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} />
      </label>
      <PullToRefresh label="Products">
        <ul className="rows">
          {rows.map((product) => (
            <ProductRow key={product.id} product={product} storeId={storeId} />
          ))}
        </ul>
      </PullToRefresh>
    </div>
  );
};

const ProductRow = ({
  product: { id, name, price, stock },
  storeId,
}: {
  readonly product: Product;
  readonly storeId: string;
}): ReactElement => {
  const { run, write } = useMutation();
  const [editing, setEditing] = useState<string | null>(null);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (editing !== null && /^\d+(\.\d{1,2})?$/.test(editing))
      await write({ sql: 'update products set price = ? where id = ?', parameters: [editing, id] });
    setEditing(null);
  };
  const move = (quantity: number): Promise<unknown> =>
    run('moveStock', { storeId, productId: id, quantity, reason: 'count' });
  return (
    <li>
      <span className="name">
        <strong>{name}</strong>
        <RecordBadge table="products" recordKey={id} />
      </span>
      {editing === null ? (
        <button
          type="button"
          className="price"
          aria-label={`Price of ${name}: ${price}`}
          onClick={() => setEditing(price)}
        >
          {price}
        </button>
      ) : (
        <form onSubmit={save}>
          <input
            aria-label={`New price of ${name}`}
            inputMode="decimal"
            value={editing}
            onChange={(event) => setEditing(event.currentTarget.value)}
          />
          <button type="submit">Save</button>
        </form>
      )}
      <span className="amount">
        <button type="button" aria-label={`One ${name} less`} onClick={() => move(-1)}>
          −
        </button>
        {stock}
        <button type="button" aria-label={`One ${name} more`} onClick={() => move(1)}>
          +
        </button>
      </span>
      <button
        type="button"
        className="remove"
        aria-label={`Remove ${name}`}
        onClick={() => write({ sql: 'delete from products where id = ?', parameters: [id] })}
      >
        Remove
      </button>
    </li>
  );
};

const NewProduct = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const { problem, write } = useMutation();
  const { created } = useToasts();
  const add = async (data: FormData): Promise<void> => {
    const name = String(data.get('name'));
    await write({
      sql: 'insert into products (id, store_id, name, price, stock) values (?, ?, ?, ?, 0)',
      parameters: [crypto.randomUUID(), storeId, name, String(data.get('price'))],
    });
    created(name);
  };
  return (
    <form className="new" action={add}>
      <label>
        New product
        <input name="name" required placeholder="Name" />
      </label>
      <label>
        Price
        <input name="price" required inputMode="decimal" pattern="\d+(\.\d{1,2})?" placeholder="0.00" />
      </label>
      <button type="submit">Add</button>
      {problem ? <p role="alert">{problem.code}</p> : null}
    </form>
  );
};
