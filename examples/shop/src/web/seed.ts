/** Store 42 on its first morning. Ids are fixed: seeding twice changes nothing. */
const STORE = '42';

const PRODUCTS: readonly (readonly [name: string, price: string, stock: number])[] = [
  ['Tea, 250 g', '3.20', 48],
  ['Rice, 1 kg', '2.40', 120],
  ['Sugar, 1 kg', '1.90', 80],
  ['Cooking oil, 1 l', '4.75', 36],
  ['Milk, 1 l', '1.35', 60],
  ['Bread', '1.10', 25],
  ['Eggs, 12', '3.60', 30],
  ['Soap', '0.95', 90],
  ['Matches', '0.30', 200],
  ['Salt, 500 g', '0.60', 75],
  ['Lentils, 1 kg', '3.10', 55],
  ['Phone credit 5', '5.00', 400],
];
const CUSTOMERS: readonly (readonly [name: string, phone: string])[] = [
  ['Corner café', '+255 700 000 101'],
  ['School kitchen', '+255 700 000 102'],
  ['Bus company', '+255 700 000 103'],
];

const idOf = (kind: number, n: number): string =>
  `0197a000-000${kind}-7000-8000-${String(n).padStart(12, '0')}`;

/** Statements that fill the shop's tables in PostgreSQL: written as any other program would. */
export const shopSeed = (): readonly { readonly sql: string; readonly parameters: readonly unknown[] }[] => [
  ...PRODUCTS.map(([name, price, stock], n) => ({
    sql: 'insert into products (id, store_id, name, price, stock) values ($1, $2, $3, $4, $5) on conflict do nothing',
    parameters: [idOf(1, n), STORE, name, price, stock],
  })),
  ...CUSTOMERS.map(([name, phone], n) => ({
    sql: 'insert into customers (id, store_id, name, phone) values ($1, $2, $3, $4) on conflict do nothing',
    parameters: [idOf(2, n), STORE, name, phone],
  })),
];
