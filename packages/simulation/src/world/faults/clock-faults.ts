import type { Device } from '../device.ts';
import type { Draw } from '../draw.ts';
import type { World } from '../world.ts';
import { DAY, SECOND } from './fault-action.ts';

const TEN_YEARS = 3_652 * DAY;

/** The device's clock is wrong from here on; later it jumps again, or is set right. */
export const turnClock = (world: World, device: Device, draw: Draw, ms: number): void => {
  const turn = (): void => {
    device.clockError =
      draw.pick([-1, 1]) *
      draw.pick([SECOND, 61 * SECOND, 3_600 * SECOND, DAY, TEN_YEARS, draw.between(1, TEN_YEARS)]);
    world.fire('F23', device.name, `${device.clockError} ms off`);
  };
  turn();
  if (draw.chance(0.5)) world.timeline.after(ms, turn, 'clock');
  else
    world.timeline.after(
      ms,
      () => {
        device.clockError = 0;
      },
      'clock',
    );
};
