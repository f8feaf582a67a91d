import { SatchelError } from '@satchel/protocol';
import type { Action } from '../plan.ts';
import type { Device } from './device.ts';
import { Draw } from './draw.ts';
import { carryOutFault } from './fault-actions.ts';
import { rowsOn } from './rows.ts';
import type { World } from './world.ts';
import { write } from './writing.ts';

const MINUTE = 60_000;
/** A wait longer than this goes by in leaps. */
const LEAP_FROM = 2 * MINUTE;

/** Carries out one action. What goes on by itself (a run, a transaction) is not waited for. */
export const carryOut = async (world: World, action: Action): Promise<void> => {
  switch (action.kind) {
    case 'write':
      return write(world, deviceOf(world, action.client), action.edit, action.draw);
    case 'sync':
      deviceOf(world, action.client).satchel?.sync.now().catch(ended(world));
      return;
    case 'foreground':
      deviceOf(world, action.client).satchel?.sync.foreground();
      return;
    case 'online':
      deviceOf(world, action.client).setOnline(action.online);
      return;
    case 'verify':
      deviceOf(world, action.client).satchel?.verify({ depth: 'deep' }).catch(ended(world));
      return;
    case 'resolve':
      return resolve(world, deviceOf(world, action.client), action.draw);
    case 'quarantine':
      return emptyQuarantine(world, deviceOf(world, action.client), action.how, action.draw);
    case 'read':
      return readAll(world, deviceOf(world, action.client));
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

/** Lets time pass; a long one in leaps. */
export const pass = async (world: World, ms: number): Promise<void> => {
  if (ms <= LEAP_FROM) await world.timeline.advance(ms);
  else await world.timeline.leap(ms, Math.min(12, Math.ceil(ms / LEAP_FROM)), 700);
};

export const deviceOf = (world: World, index: number): Device =>
  world.devices[index % world.devices.length] as Device;

/** What a promise of the app may end with, and what is a bug. */
export const ended =
  (world: World) =>
  (error: unknown): void => {
    if (!(error instanceof SatchelError)) world.crashed('app', error);
  };

const readAll = async (world: World, device: Device): Promise<void> => {
  const { satchel } = device;
  if (!satchel) return;
  for (const table of device.app.tableOrder)
    world.emit({
      kind: 'read',
      client: device.name,
      user: device.user.id,
      schemaVersion: device.version,
      table,
      rows: await rowsOn(satchel, device.app, table),
    });
};

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
  const { mutationId } = new Draw(seed, 'quarantine').pick(ran.value);
  const retried = how === 'retry' ? await world.until(satchel.quarantine.retry(mutationId), 0) : null;
  const thrown = how === 'discard' ? await world.until(satchel.quarantine.discard(mutationId), 0) : null;
  const failed = retried?.kind === 'failed' ? retried.error : thrown?.kind === 'failed' ? thrown.error : null;
  if (failed) return ended(world)(failed);
  if (retried?.kind === 'done')
    world.emit({
      kind: 'quarantine-emptied',
      client: device.name,
      mutationId,
      how: 'retried',
      as: retried.value.mutationId,
    });
  if (thrown?.kind === 'done')
    world.emit({ kind: 'quarantine-emptied', client: device.name, mutationId, how: 'discarded', as: null });
};
