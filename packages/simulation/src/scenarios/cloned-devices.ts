import type { Device } from '../world/device.ts';
import type { Scenario } from './scenario.ts';
import { MINUTE, type Stage } from './stage.ts';

const CLONES = 20;
/** A device that is neither of the two goes by what it had: who is told is told by then. */
const WITHIN = 10 * MINUTE;

/** What the device was at when it was copied. */
const MOMENTS = ['at rest', 'with work that waits', 'in the middle of an upload', 'away'] as const;

const bring = async (stage: Stage, device: Device, moment: (typeof MOMENTS)[number]): Promise<void> => {
  if (moment === 'at rest') return;
  device.setOnline(moment !== 'with work that waits' && moment !== 'away');
  for (let edit = 0; edit < 3; edit += 1) await stage.book(device);
  if (moment !== 'in the middle of an upload') return;
  stage.syncs(device);
  await stage.world.timeline.advance(30);
};

/** Under which the device's new work goes up: read from its database, where a copy has the same until it is told. */
const identityOf = async (stage: Stage, device: Device): Promise<unknown> => {
  const [row] = await stage.app(device).all("select value from satchel_meta where name = 'client'");
  return row?.value;
};

/** A phone is copied as a whole onto another, at different moments; both go on working. */
export const clonedDevices: Scenario = {
  name: 'cloned-devices',
  title:
    'two phones with one identity: one of them is told so and goes on under its own, and nothing of either is lost',
  setting: { clients: 2 },
  async play(stage) {
    const { world } = stage;
    const device = stage.device(1);
    let detected = 0;
    let slowest = 0;
    for (let at = 0; at < CLONES; at += 1) {
      await bring(stage, device, MOMENTS[at % MOMENTS.length] as (typeof MOMENTS)[number]);
      const clone = world.addDevice(`clone${at}`, device);
      clone.disk.putBack(device.disk.copy());
      world.fire('F21', device.name, clone.name);
      world.emit({ kind: 'cloned', client: clone.name, from: device.name });
      await stage.open(clone);
      device.setOnline(true);
      await stage.book(clone);
      await stage.book(device);
      const told = async () => (await identityOf(stage, clone)) !== (await identityOf(stage, device));
      const from = stage.now;
      while (!(await told()) && stage.now - from < WITHIN) {
        await stage.pass(5_000);
        await stage.book(clone);
        await stage.book(device);
      }
      if (await told()) detected += 1;
      slowest = Math.max(slowest, stage.now - from);
      await stage.drained(clone);
      await stage.drained(device);
      await stage.close(clone);
      world.devices.splice(world.devices.indexOf(clone), 1);
    }
    stage.figure('clones', CLONES);
    stage.figure('detected', detected);
    stage.figure('slowestMs', slowest);
    stage.mustBe(detected === CLONES, `${detected} of ${CLONES} were detected`);
  },
  atRest(stage, { server }) {
    const written = stage.since(0, 'wrote').flatMap(({ changes }) => changes);
    const there = new Set((server.tables.ledger ?? []).map(({ id }) => id));
    const lost = written.filter(({ key }) => !there.has(key)).length;
    stage.figure('lost', lost);
    stage.mustBe(lost === 0, `${lost} entries are missing`);
  },
};
