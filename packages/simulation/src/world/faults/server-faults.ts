import type { Device } from '../device.ts';
import type { Draw } from '../draw.ts';
import type { World } from '../world.ts';
import { write } from '../writing.ts';
import { syncSoon } from './app-process.ts';
import { type FaultAction, SECOND } from './fault-action.ts';

/** A server ends just before or just after one of its next commits. */
export const crashAtCommit = async (
  world: World,
  device: Device,
  draw: Draw,
  action: FaultAction,
): Promise<void> => {
  // Devices speak to the first that serves.
  const index = world.servers.findIndex(({ isServing }) => isServing);
  const server = world.servers[index];
  if (!server || server.onCommit) return;
  let left = draw.between(1, 3);
  server.onCommit = (when) => {
    if (when !== (action.fault === 'F28a' ? 'before' : 'after')) return false;
    left -= 1;
    if (left > 0) return false;
    server.alive = false;
    delete server.onCommit;
    world.fire(action.fault, server.name, `${when} a commit`);
    world.timeline.after(0, () => world.crashServer(index, Math.min(action.ms, 20 * SECOND)), 'crash');
    return true;
  };
  device.setOnline(true);
  await write(world, device, 'sell', action.draw);
  syncSoon(world, device);
};

/**
 * A transaction stays open; counts when others that began later committed before it. One
 * that came to nothing (a crash, a deadlock, no row) is begun anew.
 */
export const commitLate = (world: World, draw: Draw, action: FaultAction, tries = 3): void => {
  const { ms, draw: seed } = action;
  const edit = draw.pick(['edit', 'add', 'bulk', 'move'] as const);
  const from = world.commits;
  world.timeline.after(SECOND, () => world.writers.edit('add', 0, false, seed + 1), 'meanwhile');
  world.writers.edit(edit, ms + 5 * SECOND, draw.chance(0.1), seed, (rows) => {
    // Its own commit is the last of them.
    const others = world.commits - from - 1;
    if (rows > 0 && others > 0) world.fire('F31', 'sql', `${others} commits went before`);
    else if (tries > 1) commitLate(world, draw, { ...action, ms: 0, draw: seed + 2 }, tries - 1);
  });
};

/** Statements of a server take long, or rows are locked. Waits for locks count where they happen. */
export const slowServer = (world: World, draw: Draw, action: FaultAction): void => {
  const server = world.servers[action.server % world.servers.length];
  if (!server) return;
  if (draw.chance(0.4)) {
    world.writers.lock(Math.min(action.ms, 10 * SECOND));
    return;
  }
  const before = world.gate.statements;
  server.slowness = draw.between(20, 400);
  world.timeline.after(
    action.ms,
    () => {
      server.slowness = 0;
      if (world.gate.statements > before) world.fire('F38', server.name, 'slow statements');
    },
    'quick',
  );
};
