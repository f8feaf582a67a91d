import type { Satchel } from '@satchel/client';
import { SatchelError } from '@satchel/protocol';
import type { Edit } from '../plan.ts';
import type { Device } from './device.ts';
import { Killed } from './disk.ts';
import { Draw } from './draw.ts';
import { type Draft, draftEdit, Hand } from './edits.ts';
import type { World } from './world.ts';

/** A hand at the device, if its app runs. */
export const handAt = (world: World, device: Device, seed: number): Hand | null =>
  device.satchel ? new Hand(device.satchel, device.app, new Draw(seed, 'edit'), world.marks) : null;

/** One edit by the device's user. */
export const write = async (world: World, device: Device, edit: Edit, seed: number): Promise<void> => {
  const hand = handAt(world, device, seed);
  if (!hand) return;
  await writeDraft(world, device, await safely(() => draftEdit(hand, edit)));
};

/** Reading may fail on a device that is killed, or full. */
const safely = async (work: () => Promise<Draft>): Promise<Draft | null> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Killed || error instanceof SatchelError) return null;
    throw error;
  }
};

/** Who writes, as the history names him. */
export const authorOf = (device: Device) => ({
  client: device.name,
  user: device.user.id,
  schemaVersion: device.version,
  clock: device.clock(),
});

/** Runs a draft as one local transaction, and tells what became of the promise. */
export const writeDraft = async (world: World, device: Device, draft: Draft | null): Promise<void> => {
  const satchel: Satchel | null = device.satchel;
  if (!satchel || !draft || draft.statements.length === 0) return;
  const { changes } = draft;
  const about = authorOf(device);
  const ended = await world.until(satchel.write(draft.statements), 0);
  if (device.satchel !== satchel) {
    world.emit({ kind: 'write-torn', ...about, changes });
    return;
  }
  switch (ended.kind) {
    case 'done':
      if (ended.value.mutationId !== null)
        world.emit({ kind: 'wrote', ...about, mutationId: ended.value.mutationId, changes });
      else world.emit({ kind: 'taken-back', client: device.name, changes });
      return;
    case 'failed':
      if (!(ended.error instanceof SatchelError)) world.crashed(`write on ${device.name}`, ended.error);
      else world.emit({ kind: 'write-refused', client: device.name, code: ended.error.code, changes });
      return;
    case 'never':
      world.violate('I4', `a local write on ${device.name} does not end`, world.history.length - 1);
  }
};
