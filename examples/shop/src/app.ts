import {
  ask,
  counter,
  decimal,
  defineApp,
  id,
  integer,
  json,
  modifiedAt,
  ref,
  serverWins,
  table,
  text,
  timestamp,
  via,
} from '@satchel/schema';
import { totalOf } from './money.ts';

/** Conflict type 2: the person who wrote is asked, whichever side deleted. */
const askTheUser = ask({
  by: 'author',
  notify: 'must-review',
  reason: 'One side deleted what the other changed: only a person knows',
});

/** Conflict types 1 and 3, as every table of the shop has them. */
const SHOP_RULES = {
  update: serverWins({
    by: 'author',
    notify: 'none',
    reason: 'Both sides changed it: the server has the newer one',
  }),
  delete: askTheUser,
  insert: 'new-key',
} as const;

const OFFICE = ['owner', 'manager', 'admin'] as const;

/** A line of a sale, as `recordSale` takes it. */
export interface SaleLine {
  readonly productId: string;
  readonly quantity: number;
  /** Of one piece, for example `'12.5'`. */
  readonly price: string;
}

/**
 * A shop: what it sells, to whom, who paid, what is on the shelf. Staff sell on phones
 * that are often without network; the office changes prices at the same time.
 *
 * One scope a store, named by the claim `storeId`.
 */
export default defineApp({
  name: 'bizpulse',
  roles: ['owner', 'manager', 'staff', 'admin'],
  lanes: ['high', 'medium', 'low'],
  tables: {
    products: table(
      {
        id: id(),
        storeId: text(),
        name: text({ validators: ['filled'] }),
        price: decimal({ default: '0', validators: ['notNegative'] }),
        stock: counter(),
        updatedAt: modifiedAt(),
      },
      { scope: 'store:{storeId}', lane: 'medium', indexes: ['name'], conflicts: SHOP_RULES },
    ),
    customers: table(
      {
        id: id(),
        storeId: text(),
        name: text({ validators: ['filled'] }),
        phone: text({ nullable: true }),
        updatedAt: modifiedAt(),
      },
      { scope: 'store:{storeId}', lane: 'medium', indexes: ['name'], conflicts: SHOP_RULES },
    ),
    sales: table(
      {
        id: id(),
        storeId: text(),
        customerId: ref('customers', { nullable: true, onDelete: 'set-null' }),
        customerName: text({ default: '' }),
        totalAmount: decimal(),
        saleDate: timestamp(),
      },
      {
        scope: 'store:{storeId}',
        lane: 'high',
        partial: false,
        indexes: ['saleDate'],
        conflicts: SHOP_RULES,
      },
    ),
    saleLines: table(
      {
        id: id(),
        saleId: ref('sales', { onDelete: 'cascade' }),
        productId: ref('products'),
        quantity: integer(),
        price: decimal(),
      },
      { scope: via('saleId'), lane: 'high', partial: false, conflicts: SHOP_RULES },
    ),
    payments: table(
      {
        id: id(),
        storeId: text(),
        customerId: ref('customers', { nullable: true, onDelete: 'set-null' }),
        saleId: ref('sales', { nullable: true, onDelete: 'set-null' }),
        amount: decimal(),
        method: text({ default: 'cash' }),
        paidAt: timestamp(),
      },
      { scope: 'store:{storeId}', lane: 'high', conflicts: SHOP_RULES },
    ),
    /** Goods that came in, broke or were counted anew: the reasons behind `products.stock`. */
    stockMovements: table(
      {
        id: id(),
        storeId: text(),
        productId: ref('products', { onDelete: 'cascade' }),
        quantity: integer(),
        reason: text(),
        movedAt: timestamp(),
      },
      { scope: 'store:{storeId}', lane: 'high', conflicts: SHOP_RULES },
    ),
    settings: table(
      { id: id(), storeId: text(), name: text(), value: json() },
      {
        scope: 'store:{storeId}',
        lane: 'medium',
        unique: [['storeId', 'name']],
        conflicts: { ...SHOP_RULES, unique: 'merge-into' },
        access: { write: OFFICE },
      },
    ),
    reports: table(
      { id: id(), storeId: text(), kind: text(), period: text(), figures: json(), madeAt: timestamp() },
      { scope: 'store:{storeId}', lane: 'low', conflicts: SHOP_RULES },
    ),
    /** A register of the backups that were made; the files themselves are elsewhere. */
    backups: table(
      { id: id(), storeId: text(), madeAt: timestamp(), bytes: integer(), place: text() },
      { scope: 'store:{storeId}', lane: 'low', conflicts: SHOP_RULES },
    ),
    analytics: table(
      { id: id(), storeId: text(), day: text(), figure: text(), value: integer() },
      { scope: 'store:{storeId}', lane: 'low', conflicts: SHOP_RULES },
    ),
  },
  scopesOf: ({ claims }) => (typeof claims.storeId === 'string' ? [`store:${claims.storeId}`] : []),
  sync: {
    schedule: '*/30 * * * *',
    order: 'download-first',
    maxItems: 100,
    maxRunMs: 30_000,
    retry: { attempts: 3 },
    triggers: { appStart: true, networkRegained: true },
  },
  documentViews: { device: true },
  functions: {
    /** A sale with its lines and what it takes from the shelf: one mutation, all or nothing. */
    recordSale(
      db,
      args: {
        readonly storeId: string;
        readonly customerId?: string;
        readonly customerName?: string;
        readonly lines: readonly SaleLine[];
      },
    ) {
      const saleId = db.newId();
      const total = totalOf(args.lines);
      db.run(
        'insert into sales (id, store_id, customer_id, customer_name, total_amount, sale_date) values (?, ?, ?, ?, ?, ?)',
        [saleId, args.storeId, args.customerId ?? null, args.customerName ?? '', total, db.now()],
      );
      for (const { productId, quantity, price } of args.lines) {
        db.run('insert into sale_lines (id, sale_id, product_id, quantity, price) values (?, ?, ?, ?, ?)', [
          db.newId(),
          saleId,
          productId,
          quantity,
          price,
        ]);
        db.run('update products set stock = stock - ? where id = ?', [quantity, productId]);
      }
      return { saleId, total };
    },
    /** Goods in or out without a sale; goes with the urgent lane, unlike an edit of the product. */
    moveStock(
      db,
      args: {
        readonly storeId: string;
        readonly productId: string;
        readonly quantity: number;
        readonly reason: string;
      },
    ) {
      db.run(
        'insert into stock_movements (id, store_id, product_id, quantity, reason, moved_at) values (?, ?, ?, ?, ?, ?)',
        [db.newId(), args.storeId, args.productId, args.quantity, args.reason, db.now()],
      );
      db.run('update products set stock = stock + ? where id = ?', [args.quantity, args.productId]);
      return null;
    },
  },
  validators: {
    filled: (value) =>
      typeof value === 'string' && value.trim() !== '' ? undefined : { code: 'text_empty', params: {} },
    notNegative: (value) =>
      typeof value === 'string' && value.startsWith('-')
        ? { code: 'amount_negative', params: {} }
        : undefined,
  },
});
