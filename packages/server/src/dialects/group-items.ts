import { keyOf } from '@satchel/core';
import { unreachable, type Values } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { type RowAddress, rowAddress } from '../push/row-address.ts';
import type { Base } from './bases.ts';
import type { Item } from './items.ts';

/**
 * Items that are one mutation: a row and those that belong to it. A row belongs to
 * another when its scopes come from it (`via`): the lines of a sale, the answers of a
 * submission. Each group stands where its first item stood; inside, rows come before
 * what belongs to them, and go after it.
 */
export const groupItems = (
  app: App,
  items: readonly Item[],
  bases: ReadonlyMap<RowAddress, Base>,
): readonly (readonly Item[])[] => {
  const groups = new Map<RowAddress, Item[]>();
  const listed: Item[][] = [];
  const rank = new Map(app.tableOrder.map((name, at) => [name, at]));
  const rankOf = ({ table }: Item): number => rank.get(table.name) ?? 0;
  // Parents first, so that a group is there before what joins it.
  const ordered = [...items.keys()].sort((a, b) => rankOf(items[a]!) - rankOf(items[b]!) || a - b);
  const firsts = new Map<Item[], number>();
  for (const at of ordered) {
    const item = items[at]!;
    const own = rowAddress(item.table.name, item.key);
    // A second edit of a row is a mutation of its own: in one, only the last would be told of.
    const parents = groups.has(own) ? [] : parentsOf(item, bases.get(own));
    const group = parents.map((address) => groups.get(address)).find((one) => one !== undefined);
    if (group === undefined) {
      const made = [item];
      listed.push(made);
      if (!groups.has(own)) groups.set(own, made);
      firsts.set(made, at);
    } else {
      group.push(item);
      groups.set(own, group);
      firsts.set(group, Math.min(firsts.get(group) ?? at, at));
    }
  }
  for (const group of listed) if (group.length > 1) group.sort(inOrder(rankOf));
  return listed.sort((a, b) => (firsts.get(a) ?? 0) - (firsts.get(b) ?? 0));
};

/** Parents, then children, as they were given; then what goes, children first. */
const inOrder =
  (rankOf: (item: Item) => number) =>
  (a: Item, b: Item): number => {
    const gone = Number(a.op === 'delete') - Number(b.op === 'delete');
    if (gone !== 0) return gone;
    return (a.op === 'delete' ? rankOf(b) - rankOf(a) : rankOf(a) - rankOf(b)) || a.place - b.place;
  };

/** The rows that give this one its scopes, as far as the item or its base says. */
const parentsOf = (item: Item, base: Base | undefined): readonly RowAddress[] =>
  item.table.scopes.flatMap((rule) => {
    switch (rule.kind) {
      case 'via': {
        const values = { ...valuesIn(base), ...item.values };
        const parts = rule.columns.map((column) => values[column]);
        if (parts.some((part) => typeof part !== 'string')) return [];
        const key = keyOf(
          rule.columns,
          Object.fromEntries(rule.columns.map((column, at) => [column, parts[at] ?? null])),
        );
        return [rowAddress(rule.table, key)];
      }
      case 'template':
      case 'membership':
        return [];
      default:
        return unreachable(rule);
    }
  });

const valuesIn = (base: Base | undefined): Values =>
  base === undefined ? {} : base.had.kind === 'known' ? base.had.values : (base.current ?? {});
