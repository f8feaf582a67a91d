import { describe, expect, it } from 'vitest';
import { counter, decimal, defineApp, id, table, text } from './index.ts';

describe('defineApp', () => {
  it('[APP-01] fills in every default', () => {
    const app = defineApp({
      name: 'shop',
      tables: {
        products: table(
          { id: id(), storeId: text(), name: text(), price: decimal(), stock: counter() },
          { scope: 'store:{storeId}', conflicts: { update: 'server-wins', delete: 'ask' } },
        ),
      },
      scopesOf: ({ claims }) => [`store:${claims.storeId}`],
    });
    console.log(JSON.stringify(app, null, 1));
    expect(app.tables.products.lane).toBe('medium');
  });
});
