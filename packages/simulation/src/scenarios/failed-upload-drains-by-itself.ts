import type { Fault } from '../faults.ts';
import type { Scenario } from './scenario.ts';
import { MINUTE } from './stage.ts';

/** Every way in which one round can fail. A 413 is none: it refuses what was sent, which is kept in quarantine. */
const WAYS: readonly Fault[] = ['F1', 'F2', 'F3', 'F9', 'F10a', 'F10b', 'F10d', 'F10e', 'F10f', 'F13'];

/** One round of the upload fails; then nobody writes, touches or opens anything. */
export const failedUploadDrainsByItself: Scenario = {
  name: 'failed-upload-drains-by-itself',
  title: 'an upload fails once and no further write follows: the outbox still drains',
  async play(stage) {
    const device = stage.device(1);
    let slowest = 0;
    for (const fault of WAYS) {
      const before = stage.world.fired[fault];
      device.troubles.push({ fault, until: stage.now + MINUTE, share: 1 });
      await stage.alert(device);
      await stage.until(`${fault} meets the upload`, () => stage.world.fired[fault] > before, MINUTE);
      device.troubles.length = 0;
      const from = stage.now;
      await stage.until(
        `it is sent after ${fault}`,
        async () => (await stage.unsettled(device)).every(({ state }) => state === 'quarantined'),
        6 * MINUTE,
      );
      slowest = Math.max(slowest, stage.now - from);
      const left = (await stage.unsettled(device)).map(({ problem }) => problem?.code).join();
      stage.mustBe(left === '', `after ${fault} nothing is in quarantine, but ${left}`);
    }
    stage.figure('ways', WAYS.length);
    stage.figure('slowestMs', slowest);
  },
};
