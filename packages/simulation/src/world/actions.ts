import type { WrittenChange } from '../history.ts';
import type { Action } from '../plan.ts';
import type { Device } from './device.ts';
import { Draw } from './draw.ts';
import { ended } from './ended.ts';
import { carryOutFault } from './fault-actions.ts';
import { pass } from './pass.ts';
import { rowsOn } from './rows.ts';
import type { World } from './world.ts';
import { authorOf, write } from './writing.ts';

/** Carries out one action. What goes on by itself (a run, a transaction) is not waited for. */
export const carryOut = async (world: World, action: Action): Promise<void> => {
  switch (action.kind) {
    case 'write':
      return write(world, world.deviceAt(action.client), action.edit, action.draw);
    case 'sync':
      world.deviceAt(action.client).satchel?.sync.now().catch(ended(world));
      return;
    case 'foreground':
      world.deviceAt(action.client).satchel?.sync.foreground();
      return;
    case 'online':
      world.deviceAt(action.client).setOnline(action.online);
      return;
    case 'verify':
      world.deviceAt(action.client).satchel?.verify({ depth: 'deep' }).catch(ended(world));
      return;
    case 'resolve':
      return resolve(world, world.deviceAt(action.client), action.draw);
    case 'quarantine':
      return emptyQuarantine(world, world.deviceAt(action.client), action.how, action.draw);
    case 'read':
      return readAll(world, world.deviceAt(action.client));
    case 'sql':
      world.writers.edit(action.edit, action.openFor, action.rollback, action.draw);
      return;
    case 'rights':
      world.writers.rights(world.userOf(action.user).id, action.change, action.what, action.draw);
      return;
    case 'wait':
      return pass(world, action.ms);
    case 'fault':
      return carryOutFault(world, action);
  }
};

const readAll = (world: World, device: Device): Promise<void> =>
  world.lookAt(device, async (satchel) => {
    for (const table of device.app.tableOrder)
      world.emit({
        kind: 'read',
        client: device.name,
        user: device.user.id,
        schemaVersion: device.version,
        table,
        rows: await rowsOn(satchel, device.app, table),
      });
  });

/** The user looks at the open conflicts and decides one. */
const resolve = async (world: World, device: Device, seed: number): Promise<void> => {
  const { satchel } = device;
  if (!satchel) return;
  const draw = new Draw(seed, 'resolve');
  const decide = async (): Promise<void> => {
    const open = (await satchel.conflicts.list({ refresh: true })).filter(({ state }) => state !== 'settled');
    if (open.length === 0) return;
    const { conflictId } = draw.pick(open);
    const decision = draw.pick(['accept-client', 'accept-server'] as const);
    const settled = await satchel.conflicts.resolve(conflictId, { decision });
    if (settled.state === 'settled')
      world.emit({ kind: 'resolved', client: device.name, conflictId, decision });
  };
  decide().catch(ended(world));
};

/** The user throws a quarantined mutation away, or writes it again. */
const emptyQuarantine = async (
  world: World,
  device: Device,
  how: 'discard' | 'retry',
  seed: number,
): Promise<void> => {
  const { satchel } = device;
  if (!satchel) return;
  const ran = await world.until(satchel.quarantine.list(), 0);
  if (ran.kind !== 'done' || ran.value.length === 0) return;
  const entry = new Draw(seed, 'quarantine').pick(ran.value);
  const { mutationId } = entry;
  const again: WrittenChange[] = [];
  if (how === 'retry')
    await world.lookAt(device, async (open) => {
      for (const { table, op, key, values } of entry.changes) {
        const rows = device.app.tables[table] ? await rowsOn(open, device.app, table) : [];
        const before = rows.find(({ id }) => id === key) ?? null;
        again.push({ table, op, key, values: values ?? {}, before });
      }
    });
  const retried = how === 'retry' ? await world.until(satchel.quarantine.retry(mutationId), 0) : null;
  const thrown = how === 'discard' ? await world.until(satchel.quarantine.discard(mutationId), 0) : null;
  const failed = retried?.kind === 'failed' ? retried.error : thrown?.kind === 'failed' ? thrown.error : null;
  if (failed) return ended(world)(failed);
  if (retried?.kind === 'done') {
    const as = retried.value.mutationId;
    world.emit({ kind: 'quarantine-emptied', client: device.name, mutationId, how: 'retried', as });
    if (as !== null) world.emit({ kind: 'wrote', ...authorOf(device), mutationId: as, changes: again });
  }
  if (thrown?.kind === 'done')
    world.emit({ kind: 'quarantine-emptied', client: device.name, mutationId, how: 'discarded', as: null });
};
