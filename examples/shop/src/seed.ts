import type { InsertRow } from '@satchel/schema';
import type app from './app.ts';
import { totalOf } from './money.ts';

type App = typeof app;

const STORE = '42';
/** 18 December 2025, 08:00 in UTC. */
const MORNING = Date.UTC(2025, 11, 18, 8);
const MINUTE = 60_000;
const DAY = 86_400_000;

/** 08:00 in UTC of the day before. */
export const lastMorning = (now: number): number => Math.floor(now / DAY) * DAY - DAY + 8 * 60 * MINUTE;

const GOODS: readonly (readonly [name: string, price: string, stock: number])[] = [
  ['Rice', '55', 120],
  ['Wheat', '32', 100],
  ['Lentils', '90', 60],
  ['Chickpeas', '85', 45],
  ['Sugar', '42', 80],
  ['Salt', '20', 75],
  ['Tea', '140', 30],
  ['Coffee', '220', 18],
  ['Milk', '28', 40],
  ['Butter', '55.5', 22],
  ['Cooking oil', '165', 36],
  ['Mustard oil', '180', 20],
  ['Turmeric', '48', 25],
  ['Chilli powder', '62', 25],
  ['Cumin', '75.5', 25],
  ['Biscuits', '10', 200],
  ['Bread', '40', 15],
  ['Eggs, a dozen', '72', 28],
  ['Potatoes', '24', 90],
  ['Onions', '30', 85],
  ['Tomatoes', '36', 50],
  ['Soap', '35', 64],
  ['Washing powder', '110', 33],
  ['Matches', '2', 300],
];

const products: readonly InsertRow<App, 'products'>[] = GOODS.map(([name, price, stock], at) => ({
  id: `product-${at + 1}`,
  storeId: STORE,
  name,
  price,
  stock,
}));

const customers: readonly InsertRow<App, 'customers'>[] = Array.from({ length: 8 }, (_, at) => ({
  id: `customer-${at + 1}`,
  storeId: STORE,
  name: `Customer ${at + 1}`,
  phone: `+9198000000${at + 10}`,
}));

/** The lines of the nth sale of the morning: one to three goods, by arithmetic instead of chance. */
const linesOf = (sale: number): readonly InsertRow<App, 'saleLines'>[] =>
  Array.from({ length: (sale % 3) + 1 }, (_, line) => {
    const at = (sale * 7 + line * 5) % GOODS.length;
    return {
      id: `line-${sale}-${line + 1}`,
      saleId: `S${String(sale).padStart(3, '0')}`,
      productId: `product-${at + 1}`,
      quantity: ((sale + line) % 4) + 1,
      price: GOODS[at]?.[1] ?? '0',
    };
  });

const SALES = Array.from({ length: 40 }, (_, at) => at + 1);

/** A morning in one shop that opens then: what is on the shelf, who bought, who paid. */
export const seedAt = (opens: number) => {
  const sales: readonly InsertRow<App, 'sales'>[] = SALES.map((sale) => {
    const known = sale % 4 === 0;
    const customer = (sale % 8) + 1;
    return {
      id: `S${String(sale).padStart(3, '0')}`,
      storeId: STORE,
      customerId: known ? `customer-${customer}` : null,
      customerName: known ? `Customer ${customer}` : '',
      totalAmount: totalOf(linesOf(sale)),
      saleDate: opens + sale * 9 * MINUTE,
    };
  });
  return {
    products,
    customers,
    sales,
    saleLines: SALES.flatMap(linesOf),
    payments: sales.map(({ id, customerId, totalAmount, saleDate }, at) => ({
      id: `payment-${at + 1}`,
      storeId: STORE,
      customerId: customerId ?? null,
      saleId: id,
      amount: totalAmount,
      method: at % 3 === 0 ? 'card' : 'cash',
      paidAt: saleDate,
    })) satisfies readonly InsertRow<App, 'payments'>[],
    settings: [
      { id: 'setting-tax', storeId: STORE, name: 'tax', value: 5 },
      { id: 'setting-currency', storeId: STORE, name: 'currency', value: 'INR' },
      { id: 'setting-hours', storeId: STORE, name: 'hours', value: { opens: '08:00', closes: '21:00' } },
    ] satisfies readonly InsertRow<App, 'settings'>[],
    reports: [
      {
        id: 'report-2025-12-17',
        storeId: STORE,
        kind: 'day',
        period: '2025-12-17',
        figures: { sales: 52, total: '14310.50' },
        madeAt: opens,
      },
    ] satisfies readonly InsertRow<App, 'reports'>[],
  };
};

/** The same on every machine. */
export const seed = seedAt(MORNING);
