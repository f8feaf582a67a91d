import { RecordBadge, useTexts, useToasts } from '@satchel/react';
import { type FormEvent, type ReactElement, useState } from 'react';
import { useMutation, useQuery } from '../hooks.ts';
import { useMoney } from '../money.ts';
import { useSay } from '../texts.ts';

interface Product {
  readonly id: string;
  readonly name: string;
  readonly price: string;
  readonly stock: number;
}

/** As the app's column takes it: at most two decimals. */
const PRICE = String.raw`\d+(\.\d{1,2})?`;

/** Prices, what is new and what goes. */
export const Prices = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const say = useSay();
  const [wanted, setWanted] = useState('');
  const { rows } = useQuery<Product>({
    sql: "select id, name, price, stock from products where name like '%' || ? || '%' order by name",
    parameters: [wanted.trim()],
    identity: ['id'],
  });
  return (
    <div className="stack">
      <input
        type="search"
        aria-label={say('search')}
        placeholder={say('search')}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      <NewProduct storeId={storeId} />
      <ul className="rows">
        {rows.map((product) => (
          <ProductRow key={product.id} product={product} />
        ))}
      </ul>
    </div>
  );
};

const ProductRow = ({ product: { id, name, price, stock } }: { readonly product: Product }): ReactElement => {
  const say = useSay();
  const money = useMoney();
  const { write } = useMutation();
  const [editing, setEditing] = useState<string | null>(null);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    await write({ sql: 'update products set price = ? where id = ?', parameters: [editing, id] });
    setEditing(null);
  };
  return (
    <li>
      <span className="name">
        <strong>{name}</strong>
        <small>{say('left', { n: stock })}</small>
        <RecordBadge table="products" recordKey={id} />
      </span>
      {editing === null ? (
        <button
          type="button"
          className="price"
          aria-label={say('priceOf', { name, price: money(price) })}
          onClick={() => setEditing(price)}
        >
          {money(price)}
        </button>
      ) : (
        <form onSubmit={save}>
          <input
            // Asked for with its button: focus goes on into it.
            ref={(input) => input?.focus()}
            aria-label={say('newPriceOf', { name })}
            inputMode="decimal"
            required
            pattern={PRICE}
            title={say('priceWrong')}
            value={editing}
            onChange={(event) => setEditing(event.currentTarget.value)}
            onKeyDown={({ key }) => {
              if (key === 'Escape') setEditing(null);
            }}
          />
          <button type="submit" className="main">
            {say('save')}
          </button>
        </form>
      )}
      <button
        type="button"
        className="plain"
        aria-label={say('removeOf', { name })}
        onClick={() => write({ sql: 'delete from products where id = ?', parameters: [id] })}
      >
        {say('remove')}
      </button>
    </li>
  );
};

const NewProduct = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const say = useSay();
  const { problem: explain } = useTexts();
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
    <details className="card">
      <summary>{say('newProduct')}</summary>
      <form className="new" action={add}>
        <label>
          {say('name')}
          <input name="name" required />
        </label>
        <label className="narrow">
          {say('price')}
          <input
            name="price"
            required
            inputMode="decimal"
            pattern={PRICE}
            title={say('priceWrong')}
            placeholder="0.00"
          />
        </label>
        <button type="submit" className="main">
          {say('add')}
        </button>
        {problem ? <p role="alert">{explain(problem)}</p> : null}
      </form>
    </details>
  );
};
