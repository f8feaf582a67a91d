import type { Device } from '../device.ts';
import { type Draft, HARD_DATES, HARD_INTEGERS, HARD_TEXTS } from '../edits.ts';
import type { World } from '../world.ts';
import { handAt, write, writeDraft } from '../writing.ts';
import type { FaultAction } from './fault-action.ts';

/* Data that is hard to take. A fault counts when its writes were made. */

/** Runs a draft; whether the app was told that it is saved. */
const isWritten = async (world: World, device: Device, draft: Draft): Promise<boolean> => {
  const from = world.history.length;
  await writeDraft(world, device, draft);
  return world.history.slice(from).some((event) => event.kind === 'wrote' && event.client === device.name);
};

/** Something that the server will never take, among good work. */
export const poison = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  const hand = handAt(world, device, action.draw);
  if (!hand) return;
  const farm = await hand.any('farms');
  if (farm && hand.draw.chance(0.5)) hand.update('farms', farm, { secret: hand.marks.value() });
  // A store that nobody may write to.
  else
    hand.insert('ledger', {
      id: hand.marks.key(),
      storeId: 'nowhere',
      author: hand.marks.value(),
      amount: 1,
    });
  if (await isWritten(world, device, hand.draft)) world.fire('F27', device.name, 'what the server refuses');
  await write(world, device, 'book', action.draw);
};

export const hardValues = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  const hand = handAt(world, device, action.draw);
  if (!hand) return;
  const { draw } = hand;
  const row = draw.chance(0.5) ? await hand.any('products') : undefined;
  const values = {
    note: draw.pick(HARD_TEXTS) + hand.marks.value(),
    [hand.nameOfProduct]: `${hand.marks.value()}${draw.pick(HARD_TEXTS)}`,
    soldOn: draw.pick(HARD_DATES),
    price: draw.pick(HARD_INTEGERS),
    tags: [...new Set([draw.pick(HARD_TEXTS), hand.marks.value()])].sort(),
  };
  if (row) hand.update('products', row, values);
  else await hand.addProduct(values);
  if (await isWritten(world, device, hand.draft)) world.fire('F39', device.name, 'hard values');
};

/** Two devices take one code, or one key; a child is written whose parent is refused. */
export const crossWrites = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  const hand = handAt(world, device, action.draw);
  if (!hand) return;
  const { draw, marks } = hand;
  const kind = draw.pick(['code', 'key', 'orphan'] as const);
  const id = marks.key();
  const code = marks.value();
  // The store of an orphan's parent is one that nobody may write to: it is refused.
  await hand.addProduct(kind === 'code' ? { code } : kind === 'key' ? { id } : { id, storeId: 'nowhere' });
  if (!(await isWritten(world, device, hand.draft))) return;
  const other =
    kind === 'orphan' ? device : world.devices.find((one) => one !== device && one.satchel !== null);
  const second = other && handAt(world, other, action.draw + 1);
  if (!second) return;
  if (kind !== 'orphan') await second.addProduct(kind === 'code' ? { code } : { id });
  if (kind !== 'code')
    second.insert('sales', {
      id: marks.key(),
      productId: id,
      seller: marks.value(),
      total: 1,
      voided: null,
    });
  if (await isWritten(world, other, second.draft)) world.fire('F40', device.name, `crossed writes: ${kind}`);
};

/** Edits of one row, one after the other; as many as count as very many. */
const MANY = 60;

export const editOften = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  const row = await handAt(world, device, action.draw)?.any('products');
  if (!row) return;
  let edits = 0;
  for (let count = 0; count < MANY && device.isAlive(); count += 1) {
    const hand = handAt(world, device, action.draw + count);
    const now = hand && (await hand.rows('products')).find(({ id }) => id === row.id);
    if (!hand || !now) break;
    hand.update(
      'products',
      now,
      count % 3 === 0 ? { stock: Number(now.stock) + 1 } : { [hand.nameOfProduct]: hand.marks.value() },
    );
    if (await isWritten(world, device, hand.draft)) edits += 1;
    if (count % 20 === 19) await world.timeline.advance(300);
  }
  if (edits >= MANY / 2) world.fire('F41', device.name, `${edits} edits of one row`);
};

/** Where nothing can be deleted, or the delete leaves nothing to send, another row is tried. */
export const deleteAndCreate = async (world: World, device: Device, action: FaultAction): Promise<void> => {
  for (let attempt = 0; attempt < 4; attempt += 1)
    if (await isRemade(world, device, action.draw + 2 * attempt)) {
      world.fire('F42', device.name, 'deleted and created again');
      return;
    }
};

const isRemade = async (world: World, device: Device, seed: number): Promise<boolean> => {
  const hand = handAt(world, device, seed);
  if (!hand) return false;
  const first = hand.draw.pick(['products', 'customers'] as const);
  const inFirst = await hand.any(first);
  const table = inFirst ? first : first === 'products' ? 'customers' : 'products';
  const row = inFirst ?? (await hand.any(table));
  if (!row) return false;
  hand.remove(table, row);
  const isApart = hand.draw.chance(0.6);
  if (isApart && !(await isWritten(world, device, hand.draft))) return false;
  const again = isApart ? handAt(world, device, seed + 1) : hand;
  if (!again) return false;
  const { changedAt: _, ...values } = row;
  again.insert(table, values);
  return isWritten(world, device, again.draft);
};
