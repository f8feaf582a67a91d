import '@satchel/react/satchel.css';
import type { Satchel } from '@satchel/client';
import {
  ConflictInbox,
  OfflineBanner,
  PendingChanges,
  RecordBadge,
  type SatchelClient,
  SatchelProvider,
  SyncIndicator,
  sw,
  useMutation,
  useQuery,
} from '@satchel/react';

const Products = () => {
  const { rows } = useQuery<{ id: string; name: string; stock: number }>({
    sql: 'select id, name, stock from products order by name',
  });
  const { write, stands } = useMutation();
  const sell = (id: string) =>
    write({ sql: 'update products set stock = stock - 1 where id = ?', parameters: [id] });
  return (
    <ul aria-busy={stands === 'saving'}>
      {rows.map(({ id, name, stock }) => (
        <li key={id}>
          {name}: {stock} <RecordBadge table="products" recordKey={id} />
          <button type="button" onClick={() => sell(id)}>
            Sell one
          </button>
        </li>
      ))}
    </ul>
  );
};

export const Shop = ({ db }: { readonly db: Satchel }) => (
  <SatchelProvider
    db={db as unknown as SatchelClient}
    locale={sw}
    labels={{ tables: { products: 'Bidhaa' } }}
  >
    <SyncIndicator />
    <OfflineBanner />
    <Products />
    <PendingChanges />
    <ConflictInbox />
  </SatchelProvider>
);
