import type { App } from '@satchel/schema';
import civicReports from '@satchel-examples/civic-reports/app';
import farmAdvisory from '@satchel-examples/farm-advisory/app';
import meterReadings from '@satchel-examples/meter-readings/app';
import shop from '@satchel-examples/shop/app';
import storeForms from '@satchel-examples/store-forms/app';
import type { Person } from '../field/field.ts';

/** Somebody of a case, with a device of his own. */
export interface Player extends Person {
  /** Milliseconds by which the device's clock is ahead. */
  readonly ahead?: number;
}

/** Who plays in the cases of an app, and what is there before each of them. */
export interface Cast {
  readonly app: App;
  readonly players: Readonly<Record<string, Player>>;
  /** Values of columns that a case does not name. */
  readonly fill: Readonly<Record<string, string>>;
  /** Rows that others refer to, as in the cells of the cases. */
  readonly scenery: readonly (readonly [table: string, row: string])[];
}

const DAY = 86_400_000;
const claims = { storeId: '42' };
const farmer: Player = {
  userId: 'farmer',
  roles: ['farmer'],
  channel: 'mobile',
  claims: { region: 'north' },
};
const citizen: Player = { userId: 'citizen', roles: ['citizen'] };
const store: Player = { userId: 'store', roles: ['store'], claims };

export const CASTS: Readonly<Record<string, Cast>> = {
  shop: {
    app: shop,
    players: {
      staff: { userId: 'staff', roles: ['staff'], claims },
      manager: { userId: 'manager', roles: ['manager'], claims },
      owner: { userId: 'owner', roles: ['owner'], claims },
    },
    fill: { storeId: '42' },
    scenery: [],
  },
  'store-forms': {
    app: storeForms,
    players: {
      store,
      'store-2': { ...store, userId: 'store-2' },
      'store-ahead': { ...store, userId: 'store-ahead', ahead: DAY },
      manager: { userId: 'manager', roles: ['manager'], claims },
      'manager-2': { userId: 'manager-2', roles: ['manager'], claims },
    },
    fill: { storeId: '42' },
    scenery: [['forms', 'id=uuid-1; title=Form']],
  },
  'farm-advisory': {
    app: farmAdvisory,
    players: {
      farmer,
      'farmer-web': { ...farmer, channel: 'web' },
      'farmer-ussd': { ...farmer, channel: 'ussd' },
      'farmer-ahead': { ...farmer, ahead: DAY },
      agent: { userId: 'agent', roles: ['agent'], channel: 'agent' },
      support: { userId: 'support', roles: ['support'], channel: 'mobile' },
    },
    fill: {},
    scenery: [
      ['profiles', 'id=farmer; name=Farmer; phone=+254700000001'],
      ['advisers', 'farmerId=farmer; agentId=agent'],
      ['insurancePolicies', 'id=p-1; farmerId=farmer; status=active'],
      ['cropRecords', 'id=crop-1; farmerId=farmer; cropType=maize; acreage=2'],
    ],
  },
  'civic-reports': {
    app: civicReports,
    players: {
      citizen,
      'citizen-2': citizen,
      officer: { userId: 'officer', roles: ['officer'] },
      'officer-2': { userId: 'officer-2', roles: ['officer'] },
      admin: { userId: 'admin', roles: ['admin'] },
    },
    fill: {},
    scenery: [['reports', 'id=uuid-1; reporterId=citizen; title=Pothole on Main Street']],
  },
  'meter-readings': {
    app: meterReadings,
    players: {
      reader: { userId: 'reader', roles: ['reader'], claims: { district: 'd-1' } },
      admin: { userId: 'admin', roles: ['admin'], claims: { district: 'd-1' } },
    },
    fill: { district: 'd-1' },
    scenery: [['forms', 'id=f-1; title=Form']],
  },
};
