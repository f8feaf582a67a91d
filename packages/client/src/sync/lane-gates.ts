import type { App, SyncSettings } from '@satchel/schema';
import { type DeviceSettings, withDeviceSettings } from './device-settings.ts';
import { allowedLanes, bulkWait, openLanes, type Wait } from './gates.ts';
import type { Meter } from './meter.ts';
import type { NetworkSource } from './network.ts';

export interface LaneGatesGiven {
  readonly app: App;
  readonly sync: SyncSettings;
  /** What the person chose on this device. */
  readonly settings: () => DeviceSettings;
  readonly network: NetworkSource;
  readonly meter: Meter;
  /** Local hour of the day, for quiet hours. */
  readonly hour: () => number;
  /** The run under way was asked for by a person. */
  readonly byHand: () => boolean;
}

/** Which lanes may go now: over this network, at this hour, with what was spent already. */
export class LaneGates {
  readonly #given: LaneGatesGiven;
  /** A screen must not be disturbed: all but the urgent lane waits. */
  busy = false;

  constructor(given: LaneGatesGiven) {
    this.#given = given;
  }

  /** Why all but the urgent lane waits. */
  wait(): Wait | null {
    const { byHand, hour, meter, network, settings, sync } = this.#given;
    if (byHand()) return this.busy ? 'busy' : null;
    const state = network.state();
    if (!settings().mobileData && state.kind === 'cellular') return 'wifi';
    return bulkWait(withDeviceSettings(sync, settings()), {
      network: state,
      busy: this.busy,
      bytesToday: meter.today(),
      bytesThisMonth: meter.thisMonth(),
      hour: hour(),
    });
  }

  /** Lanes that may start a batch. */
  open(): readonly string[] {
    const { app, byHand, network, settings, sync } = this.#given;
    const open = openLanes(app.lanes, sync.urgentLane, this.wait());
    return byHand() ? open : allowedLanes(app, open, settings(), network.state());
  }

  /** Lanes that the person holds back on this network until a run is asked for. */
  held(): readonly string[] {
    const { app, network, settings } = this.#given;
    const allowed = allowedLanes(app, app.lanes, settings(), network.state());
    return app.lanes.filter((lane) => !allowed.includes(lane));
  }

  /** Downloads have no lane of their own to slip through: they wait with the bulk, but not for the schedule. */
  downloadsWait(): boolean {
    const wait = this.wait();
    return wait === 'wifi' || wait === 'budget' || wait === 'busy';
  }
}
