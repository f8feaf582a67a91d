import { unreachable } from '@satchel/protocol';
import { NEWEST, type SchemaVersion } from '../app/field-app.ts';
import { crashDatabase, migrateServers } from './database-faults.ts';
import type { Device } from './device.ts';
import { Draw } from './draw.ts';
import { killFor, killSoon, killWithin, openTwice, sleep } from './faults/app-faults.ts';
import { turnClock } from './faults/clock-faults.ts';
import { crossWrites, deleteAndCreate, editOften, hardValues, poison } from './faults/data-faults.ts';
import type { FaultAction } from './faults/fault-action.ts';
import { prune, restoreLater } from './faults/history-faults.ts';
import { changeAddress, flap, loseOneWay, troubleLine } from './faults/line-faults.ts';
import { lockOut, takeRights } from './faults/rights-faults.ts';
import { commitLate, crashAtCommit, slowServer } from './faults/server-faults.ts';
import { cloneDevice, evict, fillDisk, restoreDevice } from './faults/storage-faults.ts';
import { upgrade } from './faults/upgrade-faults.ts';
import { switchUser } from './faults/user-faults.ts';
import type { World } from './world.ts';

/**
 * The device that a plan means, or the next one on which a fault can happen: its app runs,
 * is awake and not locked out. Many of them are switched off now and then.
 */
const readyAt = (world: World, index: number, isFit: (device: Device) => boolean = () => true): Device => {
  const from = index % world.devices.length;
  const inTurn = [...world.devices.slice(from), ...world.devices.slice(0, from)];
  const isReady = (device: Device): boolean =>
    device.satchel !== null && !device.isAsleep && !device.revoked && !device.tokenExpired;
  return inTurn.find((device) => isReady(device) && isFit(device)) ?? world.deviceAt(index);
};

/**
 * Lets one fault happen, or begin. What ends by itself ends at a time that is drawn with
 * it. `world.fire` counts it only where it truly happened: a fault that met nothing, or
 * whose device was off, leaves no trace.
 */
export const carryOutFault = async (world: World, action: FaultAction): Promise<void> => {
  const { fault, ms } = action;
  const device = readyAt(world, action.client);
  const draw = new Draw(action.draw, fault);
  switch (fault) {
    case 'F1':
    case 'F2':
    case 'F3':
    case 'F4':
    case 'F5':
    case 'F6':
    case 'F9':
    case 'F10a':
    case 'F10b':
    case 'F10c':
    case 'F10d':
    case 'F10e':
    case 'F10f':
    case 'F11':
    case 'F13':
    case 'F14':
    case 'F37':
      return troubleLine(world, device, draw, action);
    case 'F7':
      return loseOneWay(world, device, draw, ms);
    case 'F8':
      return flap(world, device, draw, ms);
    case 'F12':
      return changeAddress(world, device, draw);
    case 'F15':
      return killSoon(world, device, draw, ms);
    case 'F16':
      return killWithin(world, device, draw, action);
    case 'F17':
      return sleep(world, device, draw, ms);
    case 'F18':
      return fillDisk(world, device, action);
    case 'F19':
      return evict(world, device, ms);
    case 'F20':
      return restoreDevice(
        world,
        readyAt(world, action.client, ({ copies }) => copies.length > 0),
        ms,
      );
    case 'F21':
      return cloneDevice(world, device, ms);
    case 'F22':
      return openTwice(world, device);
    case 'F23':
      return turnClock(world, device, draw, ms);
    case 'F24':
      return upgrade(world, device, draw);
    case 'F25':
      return switchUser(world, device, draw, ms);
    case 'F26':
      return killFor(world, device, fault, 0);
    case 'F27':
      return poison(world, device, action);
    case 'F28a':
    case 'F28b':
      return crashAtCommit(world, device, draw, action);
    case 'F29':
      return restoreLater(world, action);
    case 'F30':
      return crashDatabase(world);
    case 'F31':
      return commitLate(world, draw, action);
    case 'F33':
      if (world.serverVersion < NEWEST)
        await migrateServers(world, (world.serverVersion + 1) as SchemaVersion);
      return;
    case 'F34':
      return prune(world, device);
    case 'F35':
      return takeRights(world, device, draw, action);
    case 'F36':
      return lockOut(world, device, draw, ms);
    case 'F38':
      return slowServer(world, draw, action);
    case 'F39':
      return hardValues(world, device, action);
    case 'F40':
      return crossWrites(world, device, action);
    case 'F41':
      return editOften(world, device, action);
    case 'F42':
      return deleteAndCreate(world, device, action);
    default:
      unreachable(fault);
  }
};
