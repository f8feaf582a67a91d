import { RecordBadge, useTexts } from '@satchel/react';
import { type ReactElement, useRef } from 'react';
import { useMutation, useQuery } from '../hooks.ts';
import { type ShopText, useSay } from '../texts.ts';
import { Count } from './count.tsx';
import { LOW } from './low.ts';

/** Reasons as the table has them, and what they are called. */
const REASONS = {
  delivery: 'reasonDelivery',
  broken: 'reasonBroken',
  count: 'reasonCount',
} as const satisfies Readonly<Record<string, ShopText>>;
type Reason = keyof typeof REASONS;
const isReason = (reason: string): reason is Reason => Object.hasOwn(REASONS, reason);

interface Held {
  readonly id: string;
  readonly name: string;
  readonly stock: number;
}
interface Movement {
  readonly id: string;
  readonly name: string | null;
  readonly quantity: number;
  readonly reason: string;
  readonly moved_at: number;
}

/** How much is on the shelf, the least first; what other tills sell adds up with what is booked here. */
export const Stock = ({ storeId }: { readonly storeId: string }): ReactElement => {
  const say = useSay();
  const { run } = useMutation();
  const { rows } = useQuery<Held>({
    sql: 'select id, name, stock from products order by stock, name',
    identity: ['id'],
  });
  return (
    <div className="stack">
      <Delivery storeId={storeId} products={rows} />
      <ul className="rows">
        {rows.map(({ id, name, stock }) => (
          <li key={id}>
            <span className="name">
              <strong>{name}</strong>
              <small className={stock < LOW ? 'low' : ''}>{say('left', { n: stock })}</small>
              <RecordBadge table="products" recordKey={id} />
            </span>
            <Count
              n={stock}
              less={say('lessOf', { name })}
              more={say('moreOf', { name })}
              change={(quantity) =>
                run('moveStock', { storeId, productId: id, quantity, reason: 'count' satisfies Reason })
              }
            />
          </li>
        ))}
      </ul>
      <Movements />
    </div>
  );
};

const Delivery = ({
  storeId,
  products,
}: {
  readonly storeId: string;
  readonly products: readonly Held[];
}): ReactElement => {
  const say = useSay();
  const { run } = useMutation();
  const form = useRef<HTMLFormElement>(null);
  const book = async (data: FormData): Promise<void> => {
    const reason = String(data.get('reason'));
    const pieces = Number(data.get('pieces'));
    await run('moveStock', {
      storeId,
      productId: String(data.get('product')),
      quantity: reason === 'broken' ? -pieces : pieces,
      reason,
    });
    form.current?.reset();
  };
  return (
    <details className="card">
      <summary>{say('delivery')}</summary>
      <form ref={form} className="new" action={book}>
        <label>
          {say('product')}
          <select name="product" required>
            {products.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label className="narrow">
          {say('pieces')}
          <input name="pieces" type="number" min={1} max={100_000} defaultValue={10} required />
        </label>
        <label>
          {say('reason')}
          <select name="reason">
            {Object.entries(REASONS).map(([reason, text]) => (
              <option key={reason} value={reason}>
                {say(text)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="main">
          {say('book')}
        </button>
      </form>
    </details>
  );
};

const Movements = (): ReactElement => {
  const say = useSay();
  const { time } = useTexts();
  const { rows, loading } = useQuery<Movement>({
    sql: `select m.id, p.name, m.quantity, m.reason, m.moved_at from stock_movements m
            left join products p on p.id = m.product_id order by m.moved_at desc limit 8`,
    identity: ['id'],
  });
  return (
    <section className="card">
      <h3>{say('movements')}</h3>
      {rows.length === 0 && !loading ? <p className="quiet">{say('noMovements')}</p> : null}
      <ul className="sold">
        {rows.map(({ id, moved_at, name, quantity, reason }) => (
          <li key={id}>
            <span>
              {name}
              <small>{`${isReason(reason) ? say(REASONS[reason]) : reason} · ${time(moved_at)}`}</small>
            </span>
            <strong dir="ltr">{quantity > 0 ? `+${quantity}` : quantity}</strong>
            <RecordBadge table="stockMovements" recordKey={id} />
          </li>
        ))}
      </ul>
    </section>
  );
};
