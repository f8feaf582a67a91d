import { setTimeout as pause } from 'node:timers/promises';
import type { Benchmark } from '../benchmark.ts';
import { openedDevice, untilStatus, wireBytes } from '../work/device-side.ts';

const HERE = import.meta.url;
const HOUR = 3_600;
/** Seconds between runs that the app's schedule asks for. */
const SCHEDULE = 300;
/** Seconds between the server's pings (`PING_EVERY`), and the bytes of one and its answer: a masked empty frame. */
const PING_EVERY = 25;
const PING_BYTES = 2 + 6;
const WATCHED = 6;

/**
 * What a device costs that does nothing for an hour, live and up to date. Extrapolated:
 * the bytes of one scheduled run, twelve times, the socket's pings, and whatever else
 * was seen in the seconds in which it was watched.
 */
export const idleHour: Benchmark = {
  name: 'idle-hour',
  title: 'An idle hour of a live device (extrapolated)',
  maxRounds: 1,
  lines: [
    { name: 'requests', what: 'requests', unit: 'requests' },
    { name: 'bytes', what: 'bytes, both ways', unit: 'bytes' },
    { name: 'run', what: 'bytes of one scheduled run with nothing new', unit: 'bytes' },
    {
      name: 'unasked',
      what: 'bytes besides, in 6 seconds',
      unit: 'bytes',
      target: { of: 'figure', atMost: 0 },
    },
  ],
  async open(world) {
    const stage = await world.stage(10_000);
    const device = await stage.device('ana');
    await device.call(HERE, 'untilLive');
    return async () => {
      const unasked = await device.call<number>(HERE, 'watch', WATCHED * 1_000);
      const run = await device.call<number>(HERE, 'scheduledRun');
      const runs = HOUR / SCHEDULE;
      return {
        figures: {
          run,
          unasked,
          requests: runs,
          bytes: runs * run + (HOUR / PING_EVERY) * PING_BYTES + (unasked * HOUR) / WATCHED,
        },
      };
    };
  },
};

export const untilLive = (): Promise<void> =>
  untilStatus((status) => status.live && status.complete && !status.downloading && !status.uploading);

const total = async (): Promise<number> => {
  const { up, down } = await wireBytes();
  return up + down;
};

/** In the device: bytes in a time in which nothing happens. */
export const watch = async (ms: number): Promise<number> => {
  await openedDevice().db.sync.now();
  const before = await total();
  await pause(ms);
  return (await total()) - before;
};

export const scheduledRun = async (): Promise<number> => {
  const before = await total();
  await openedDevice().db.sync.now();
  return (await total()) - before;
};
