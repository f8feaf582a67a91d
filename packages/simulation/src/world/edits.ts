import type { Satchel } from '@satchel/client';
import { columnToSql } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import type { PlainRow, WrittenChange } from '../history.ts';
import type { Edit } from '../plan.ts';
import type { Draw } from './draw.ts';
import { rowsOn, sqliteValue } from './rows.ts';

export const STORES = ['s1', 's2', 's3'] as const;
export const REGIONS = ['r1', 'r2'] as const;

interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** A local transaction to be: what the app runs, and what it means. */
export interface Draft {
  readonly statements: Statement[];
  readonly changes: WrittenChange[];
}

/** Marks that are in no two values of a run: whatever is found can be told by whom it was written. */
export class Marks {
  #next = 0;
  value(): string {
    this.#next += 1;
    return `m${String(this.#next).padStart(6, '0')}z`;
  }
  key(): string {
    this.#next += 1;
    return `k${String(this.#next).padStart(6, '0')}z`;
  }
}

/** What a hand at a device can do: reads what is on the screen, and drafts what follows from it. */
export class Hand {
  readonly draft: Draft = { statements: [], changes: [] };
  readonly #satchel: Satchel;
  readonly #app: App;
  readonly draw: Draw;
  readonly marks: Marks;

  constructor(satchel: Satchel, app: App, draw: Draw, marks: Marks) {
    this.#satchel = satchel;
    this.#app = app;
    this.draw = draw;
    this.marks = marks;
  }

  get visits(): string {
    return this.#app.schemaVersion < 3 ? 'calls' : 'visits';
  }

  get nameOfProduct(): string {
    return this.#app.schemaVersion < 2 ? 'label' : 'name';
  }

  has(table: string): boolean {
    return table in this.#app.tables;
  }

  rows(table: string): Promise<PlainRow[]> {
    return rowsOn(this.#satchel, this.#app, table);
  }

  async any(table: string): Promise<PlainRow | undefined> {
    const rows = await this.rows(table);
    return rows.length === 0 ? undefined : this.draw.pick(rows);
  }

  insert(table: string, values: PlainRow): string {
    const names = Object.keys(values);
    this.draft.statements.push({
      sql: `insert into "${columnToSql(table)}" (${names.map(columnToSql).join(', ')}) values (${names.map(() => '?').join(', ')})`,
      parameters: names.map((name) => sqliteValue(values[name] as Json)),
    });
    const key = String(values.id);
    this.draft.changes.push({ table, op: 'insert', key, values, before: null });
    return key;
  }

  update(table: string, before: PlainRow, values: PlainRow): void {
    const names = Object.keys(values);
    this.draft.statements.push({
      sql: `update "${columnToSql(table)}" set ${names.map((name) => `${columnToSql(name)} = ?`).join(', ')} where id = ?`,
      parameters: [...names.map((name) => sqliteValue(values[name] as Json)), before.id],
    });
    this.draft.changes.push({ table, op: 'update', key: String(before.id), values, before });
  }

  remove(table: string, before: PlainRow): void {
    this.draft.statements.push({
      sql: `delete from "${columnToSql(table)}" where id = ?`,
      parameters: [before.id],
    });
    this.draft.changes.push({ table, op: 'delete', key: String(before.id), values: {}, before });
  }

  /** A store that the user can see something of, mostly. */
  async store(): Promise<string> {
    const seen = [...new Set((await this.rows('products')).map(({ storeId }) => String(storeId)))];
    return seen.length > 0 && this.draw.chance(0.95) ? this.draw.pick(seen) : this.draw.pick(STORES);
  }

  async addProduct(more: PlainRow = {}): Promise<string> {
    return this.insert('products', {
      id: this.marks.key(),
      storeId: await this.store(),
      [this.nameOfProduct]: this.marks.value(),
      code: this.draw.chance(0.5) ? this.marks.value() : null,
      note: null,
      remark: null,
      flag: null,
      price: this.draw.between(1, 100),
      stock: this.draw.between(0, 50),
      tags: [],
      soldOn: null,
      ...more,
    });
  }
}

/** Drafts one edit; an empty draft when there is nothing on the device to do it to. */
export const draftEdit = async (hand: Hand, edit: Edit): Promise<Draft> => {
  const { draw, marks } = hand;
  switch (edit) {
    case 'add-product':
      await hand.addProduct();
      break;
    case 'edit-product': {
      const row = await hand.any('products');
      if (!row) break;
      const values: Record<string, Json> = {};
      for (let count = draw.between(1, 2); count > 0; count -= 1)
        switch (draw.between(0, 6)) {
          case 0:
            values.note = marks.value();
            break;
          case 1:
            values.flag = marks.value();
            break;
          case 2:
            values.price = draw.between(1, 1_000_000);
            break;
          case 3:
            values.code = draw.chance(0.8) ? marks.value() : null;
            break;
          case 4:
            values.soldOn = `20${draw.between(10, 99)}-0${draw.between(1, 9)}-1${draw.between(0, 9)}`;
            break;
          default:
            values[hand.nameOfProduct] = marks.value();
        }
      hand.update('products', row, values);
      break;
    }
    case 'count-stock': {
      const row = await hand.any('products');
      if (row) hand.update('products', row, { stock: Number(row.stock) + draw.between(-5, 9) });
      break;
    }
    case 'tag-product': {
      const row = await hand.any('products');
      if (!row) break;
      const tags = new Set(row.tags as readonly string[]);
      const old = [...tags];
      if (old.length > 0 && draw.chance(0.4)) tags.delete(draw.pick(old));
      else tags.add(marks.value());
      hand.update('products', row, { tags: [...tags].sort() });
      break;
    }
    case 'remark-product': {
      const row = await hand.any('products');
      if (row) hand.update('products', row, { remark: marks.value() });
      break;
    }
    case 'delete-product': {
      const row = draw.chance(0.5) ? await hand.any('products') : undefined;
      if (row) hand.remove('products', row);
      break;
    }
    case 'add-customer':
      hand.insert('customers', {
        id: marks.key(),
        storeId: await hand.store(),
        ...nameOfCustomer(hand),
        visits: 0,
      });
      break;
    case 'edit-customer': {
      const row = await hand.any('customers');
      if (!row) break;
      if (draw.chance(0.2)) hand.remove('customers', row);
      else if (draw.chance(0.4)) hand.update('customers', row, { visits: Number(row.visits) + 1 });
      else hand.update('customers', row, nameOfCustomer(hand));
      break;
    }
    case 'sell': {
      const row = await hand.any('products');
      const quantity = draw.between(1, 4);
      const productId = row && draw.chance(0.8) ? String(row.id) : await hand.addProduct();
      const saleId = hand.insert('sales', {
        id: marks.key(),
        productId,
        seller: marks.value(),
        total: quantity * 10,
        voided: null,
      });
      for (let line = draw.between(0, 2); line > 0; line -= 1)
        hand.insert('saleLines', { id: marks.key(), saleId, quantity });
      if (row && productId === row.id) hand.update('products', row, { stock: Number(row.stock) - quantity });
      break;
    }
    case 'void-sale': {
      const row = await hand.any('sales');
      if (!row) break;
      if (draw.chance(0.2)) hand.remove('sales', row);
      else hand.update('sales', row, { voided: marks.value() });
      break;
    }
    case 'book':
      hand.insert('ledger', {
        id: marks.key(),
        storeId: await hand.store(),
        author: marks.value(),
        amount: draw.between(-100, 100),
      });
      break;
    case 'add-farm':
      hand.insert('farms', {
        id: marks.key(),
        region: draw.pick(REGIONS),
        name: marks.value(),
        calls: 0,
      });
      break;
    case 'edit-farm': {
      const row = await hand.any('farms');
      if (row)
        hand.update(
          'farms',
          row,
          draw.chance(0.4) ? { calls: Number(row.calls) + 1 } : { name: marks.value() },
        );
      break;
    }
    case 'move-farm': {
      const row = await hand.any('farms');
      if (row) hand.update('farms', row, { region: draw.chance(0.2) ? null : draw.pick(REGIONS) });
      break;
    }
    case 'delete-farm': {
      const row = draw.chance(0.5) ? await hand.any('farms') : undefined;
      if (row) hand.remove('farms', row);
      break;
    }
    case 'visit': {
      const row = await hand.any('farms');
      if (row) hand.insert(hand.visits, { id: marks.key(), farmId: String(row.id), finding: marks.value() });
      break;
    }
    case 'edit-visit': {
      const row = await hand.any(hand.visits);
      if (!row) break;
      if (draw.chance(0.2)) hand.remove(hand.visits, row);
      else hand.update(hand.visits, row, { finding: marks.value() });
      break;
    }
    case 'raise-alert':
      if (hand.has('alerts'))
        hand.insert('alerts', {
          id: marks.key(),
          storeId: await hand.store(),
          what: marks.value(),
          ackedBy: null,
        });
      break;
    case 'acknowledge': {
      const row = hand.has('alerts') ? await hand.any('alerts') : undefined;
      if (row) hand.update('alerts', row, { ackedBy: marks.value() });
      break;
    }
    case 'write-many':
      for (let count = draw.between(3, 12); count > 0; count -= 1)
        hand.insert('ledger', {
          id: marks.key(),
          storeId: await hand.store(),
          author: marks.value(),
          amount: count,
        });
      break;
  }
  return hand.draft;
};

export const nameOfCustomer = (hand: Hand): PlainRow =>
  hand.has('visits')
    ? { firstName: hand.marks.value(), lastName: hand.marks.value() }
    : { fullName: `${hand.marks.value()} ${hand.marks.value()}` };

/** Values at the edges of what a column may hold. */
export const HARD_TEXTS: readonly string[] = [
  '',
  ' ',
  '😀👩‍👩‍👧 ',
  'é',
  'e\u0301',
  'שלום',
  "'; drop table products; --",
  '"\\\n\t\u0001',
  '\uFEFF\u200B',
];
export const HARD_DATES = ['0001-01-01', '1969-12-31', '9999-12-31', '2024-02-29'] as const;
export const HARD_INTEGERS = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0, -1] as const;
