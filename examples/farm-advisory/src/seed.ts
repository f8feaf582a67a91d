import type { InsertRow } from '@satchel/schema';
import type app from './app.ts';

type App = typeof app;

/** 18 December 2025, 06:00 in UTC. */
const MORNING = Date.UTC(2025, 11, 18, 6);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** 06:00 in UTC of the day before. */
export const lastMorning = (now: number): number => Math.floor(now / DAY) * DAY - DAY + 6 * HOUR;

const FARMERS = Array.from({ length: 6 }, (_, at) => at + 1);
const REGIONS = ['north', 'south'] as const;
const CROPS = ['maize', 'beans', 'millet', 'cassava', 'tomatoes'] as const;
const regionOf = (farmer: number): (typeof REGIONS)[number] => (farmer % 2 === 0 ? 'south' : 'north');
/** The first farmer is the user `farmer`, so that one token is enough to look around. */
const idOf = (farmer: number): string => (farmer === 1 ? 'farmer' : `farmer-${farmer}`);

/** Two regions, six farmers, one cooperative, one agent, on a morning. */
export const seedAt = (morning: number) => ({
  profiles: FARMERS.map((farmer) => ({
    id: idOf(farmer),
    name: `Farmer ${farmer}`,
    phone: `+25470000000${farmer}`,
    language: farmer % 3 === 0 ? 'fr' : farmer % 2 === 0 ? 'sw' : 'en',
    preferences: { sms: true, units: 'acre' },
    savedMarkets: [`${regionOf(farmer)} market`],
    region: regionOf(farmer),
    cooperativeId: farmer <= 4 ? 'coop-1' : null,
  })) satisfies readonly InsertRow<App, 'profiles'>[],
  advisers: FARMERS.filter((farmer) => farmer <= 4).map((farmer) => ({
    farmerId: idOf(farmer),
    agentId: 'agent',
  })) satisfies readonly InsertRow<App, 'advisers'>[],
  cropRecords: FARMERS.flatMap((farmer) =>
    [0, 1].map((field) => ({
      id: `crop-${farmer}-${field + 1}`,
      farmerId: idOf(farmer),
      cropType: CROPS[(farmer + field) % CROPS.length] ?? 'maize',
      acreage: String(farmer * 0.5 + field),
      plantedOn: `2025-1${field}-0${farmer}`,
      harvestedOn: null,
    })),
  ) satisfies readonly InsertRow<App, 'cropRecords'>[],
  alerts: FARMERS.map((farmer) => ({
    id: `alert-${farmer}`,
    farmerId: idOf(farmer),
    severity: farmer % 3 === 0 ? 'critical' : 'warning',
    title: farmer % 2 === 0 ? 'Dry spell' : 'Heavy rain',
    message:
      farmer % 2 === 0
        ? 'No rain is expected for ten days. Water young plants in the evening.'
        : 'Heavy rain is expected from tomorrow noon. Open the drains of low fields.',
    issuedAt: morning + farmer * HOUR,
    acknowledgedAt: farmer > 4 ? morning + (farmer + 1) * HOUR : null,
    acknowledgedBy: farmer > 4 ? idOf(farmer) : null,
  })) satisfies readonly InsertRow<App, 'alerts'>[],
  marketPrices: REGIONS.flatMap((region, at) =>
    CROPS.map((crop, place) => ({
      id: `price-${region}-${crop}`,
      region,
      market: `${region} market`,
      crop,
      price: String(1_800 + at * 150 + place * 240),
      quotedAt: morning,
    })),
  ) satisfies readonly InsertRow<App, 'marketPrices'>[],
  marketQueries: [
    {
      id: 'query-1',
      farmerId: 'farmer',
      crop: 'maize',
      location: 'north',
      askedAt: morning + HOUR,
      recommendations: ['Sell in the north market: prices rose by 4 % this week.'],
    },
  ] satisfies readonly InsertRow<App, 'marketQueries'>[],
  insurancePolicies: FARMERS.map((farmer) => ({
    id: `policy-${farmer}`,
    farmerId: idOf(farmer),
    status: 'active',
    triggers: [{ event: 'rainfall', belowMillimetres: 20, days: 30 }],
  })) satisfies readonly InsertRow<App, 'insurancePolicies'>[],
  insuranceClaims: [
    {
      id: 'claim-1',
      policyId: 'policy-1',
      cause: 'drought',
      amount: '500',
      filedAt: morning,
      status: 'approved',
    },
  ] satisfies readonly InsertRow<App, 'insuranceClaims'>[],
  advisories: REGIONS.flatMap((region, at) =>
    ['When to plant', 'Storing grain dry', 'Fall armyworm'].map((title, place) => ({
      id: `advisory-${region}-${place + 1}`,
      region,
      title,
      body: `${title}: what to look for in the ${region} this season, step by step.`,
      publishedAt: morning - (at + place) * DAY,
    })),
  ) satisfies readonly InsertRow<App, 'advisories'>[],
  advisoryBookmarks: [
    {
      id: 'bookmark-1',
      farmerId: 'farmer',
      advisoryId: 'advisory-north-1',
      notes: 'Ask the agent about the lower field.',
      savedAt: morning + HOUR,
    },
  ] satisfies readonly InsertRow<App, 'advisoryBookmarks'>[],
});

/** The same on every machine. */
export const seed = seedAt(MORNING);
