import type { Fault } from '../faults.ts';
import type { Scenario } from './scenario.ts';
import { MINUTE } from './stage.ts';

/**
 * Every way in which one round can fail. A 413 (F10c) is none, nor is a body that is broken on its
 * way (F13): the server refuses what it got, and a lone mutation is kept in quarantine.
 */
const WAYS: readonly Fault[] = ['F1', 'F2', 'F3', 'F9', 'F10a', 'F10b', 'F10d', 'F10e', 'F10f'];
/** The longest retry is after five minutes. */
const WITHIN = 6 * MINUTE;

/** One round of the upload fails; then nobody writes, touches or opens anything. */
export const failedUploadDrainsByItself: Scenario = {
  name: 'failed-upload-drains-by-itself',
  title: 'an upload fails once and no further write follows: the outbox still drains',
  async play(stage) {
    const { world } = stage;
    const device = stage.device(1);
    let slowest = 0;
    for (const fault of WAYS) {
      // A run that is under way would be cut off too, and the upload would go with its retry.
      await stage.until('it is live and at rest', async () => {
        const { live, uploading, downloading } = await stage.app(device).status();
        return live && !uploading && !downloading;
      });
      const mark = stage.mark;
      device.troubles.push({ fault, until: stage.now + MINUTE, share: 1 });
      // A small push goes over the live connection while there is one, which most of these never meet.
      world.network.cutOpen(device);
      await stage.alert(device);
      // Told by the event: what else is under way may meet the fault before the upload does.
      await stage.until(
        `${fault} meets the upload`,
        () =>
          stage
            .since(mark, 'fault')
            .some((one) => one.fault === fault && one.target === device.name && one.detail === '/v1/push'),
        MINUTE,
      );
      device.troubles.length = 0;
      const from = stage.now;
      await stage.until(
        `it is sent after ${fault}`,
        async () => (await stage.unsettled(device)).every(({ state }) => state === 'quarantined'),
        WITHIN,
      );
      slowest = Math.max(slowest, stage.now - from);
      const left = (await stage.unsettled(device)).map(({ problem }) => problem?.code).join();
      stage.mustBe(left === '', `after ${fault} nothing is in quarantine, but ${left}`);
    }
    stage.figure('ways', WAYS.length);
    stage.figure('slowestMs', slowest);
  },
};
