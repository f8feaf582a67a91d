import type { Random } from '@satchel/core';
import type { Query } from '@satchel/schema';
import type { SharedEdits, Told } from './device-link.ts';

/** One local transaction of the demo, and what it adds to counters. */
export interface Edit {
  readonly queries: readonly Query[];
  readonly visits?: Told['visits'];
}

/** What a device holds that its edits choose from. */
export interface Holdings {
  readonly airports: readonly string[];
  readonly routes: readonly { readonly origin: string; readonly destination: string }[];
  readonly flights: readonly string[];
  readonly zipCodes: readonly string[];
  readonly records: readonly string[];
}

/** Rows are edited here and deleted there: the last tenth of each list is for deletes. */
const EDITED_SHARE = 0.9;
const LABELS = ['busy', 'coastal', 'hub', 'night flights', 'seasonal', 'short runway'];

/** Edits as people in the field make them: mostly small changes, some new rows, few deletes. */
export const makeEdits = (
  device: string,
  count: number,
  holdings: Holdings,
  random: Random,
  newId: () => string,
): Edit[] => {
  const pick = <T>(list: readonly T[], from = 0, to = 1): T | undefined =>
    list[Math.floor((from + random.next() * (to - from)) * list.length)];
  const whole = (below: number): number => Math.floor(random.next() * below);
  const gone = new Set<string>();
  const newRoutes: { origin: string; destination: string }[] = [];

  const flight = (route: { origin: string; destination: string }): Query => ({
    sql: 'insert into flights (id, origin, destination, departed_at, delay, distance) values (?, ?, ?, ?, ?, ?)',
    parameters: [
      newId(),
      route.origin,
      route.destination,
      1_000_000_000_000 + whole(1e9),
      whole(90),
      100 + whole(2000),
    ],
  });

  const makers: readonly (readonly [number, () => Edit | null])[] = [
    [
      40,
      () => {
        const id = pick(holdings.flights, 0, EDITED_SHARE);
        if (id === undefined) return null;
        return {
          queries: [{ sql: 'update flights set delay = ? where id = ?', parameters: [whole(200), id] }],
        };
      },
    ],
    [
      15,
      () => {
        const route = pick(holdings.routes);
        return route ? { queries: [flight(route)] } : null;
      },
    ],
    [
      12,
      () => {
        const key = pick(holdings.zipCodes, 0, EDITED_SHARE);
        if (key === undefined) return null;
        return {
          queries: [
            {
              sql: 'update zip_codes set county = ? where zip_code = ?',
              parameters: [`County ${device} ${whole(1000)}`, key],
            },
          ],
        };
      },
    ],
    [
      6,
      () => {
        const key = pick(holdings.zipCodes, EDITED_SHARE);
        if (key === undefined || gone.has(key)) return null;
        gone.add(key);
        return { queries: [{ sql: 'delete from zip_codes where zip_code = ?', parameters: [key] }] };
      },
    ],
    [
      4,
      () => {
        const id = pick(holdings.flights, EDITED_SHARE);
        if (id === undefined || gone.has(id)) return null;
        gone.add(id);
        return { queries: [{ sql: 'delete from flights where id = ?', parameters: [id] }] };
      },
    ],
    [
      6,
      () => {
        const airport = pick(holdings.airports);
        if (airport === undefined) return null;
        const visits = 1 + whole(3);
        return {
          queries: [
            { sql: 'update airports set visits = visits + ? where iata = ?', parameters: [visits, airport] },
          ],
          visits: { [airport]: visits },
        };
      },
    ],
    [
      4,
      () => {
        const airport = pick(holdings.airports);
        const label = pick(LABELS);
        if (airport === undefined || label === undefined) return null;
        return {
          queries: [
            {
              sql: `update airports set labels = (
                    select json_group_array(value) from (
                      select value from json_each(labels) union select ? order by 1))
                  where iata = ?`,
              parameters: [label, airport],
            },
          ],
        };
      },
    ],
    [
      5,
      () => {
        const from = pick(holdings.airports);
        const to = pick(holdings.airports);
        if (from === undefined || to === undefined) return null;
        const known = [...holdings.routes, ...newRoutes].some(
          (one) => one.origin === from && one.destination === to,
        );
        if (known) return null;
        const route = { origin: from, destination: to };
        newRoutes.push(route);
        return {
          queries: [
            {
              sql: 'insert into routes (origin, destination, flight_count) values (?, ?, 3)',
              parameters: [from, to],
            },
            flight(route),
            flight(route),
            flight(route),
          ],
        };
      },
    ],
    [
      8,
      () => {
        const line = pick(holdings.records);
        if (line === undefined) return null;
        return {
          queries: [{ sql: 'update records set delay = ? where line = ?', parameters: [whole(300), line] }],
        };
      },
    ],
  ];
  const weights = makers.reduce((sum, [weight]) => sum + weight, 0);

  const edits: Edit[] = [];
  while (edits.length < count) {
    let at = random.next() * weights;
    const maker = makers.find(([weight]) => {
      at -= weight;
      return at < 0;
    });
    const edit = maker?.[1]();
    if (edit) edits.push(edit);
  }
  return edits;
};

/** The edits that clash with another device's on purpose. */
export const sharedEdits = (device: string, shared: SharedEdits): Edit[] => {
  const edits: Edit[] = [
    {
      queries: [
        {
          sql: 'update airports set visits = visits + 10 where iata = ?',
          parameters: [shared.counterAirport],
        },
      ],
      visits: { [shared.counterAirport]: 10 },
    },
  ];
  if (shared.noteAirport !== null)
    edits.push({
      queries: [
        {
          sql: 'update airports set note = ? where iata = ?',
          parameters: [`Seen by ${device}: the runway light is out`, shared.noteAirport],
        },
      ],
    });
  if (shared.cityAirport !== null)
    edits.push({
      queries: [
        {
          sql: 'update airports set city = ? where iata = ?',
          parameters: [`City as ${device} spells it`, shared.cityAirport],
        },
      ],
    });
  if (shared.zipCode !== null)
    edits.push({
      queries: [
        shared.zipCode.as === 'delete'
          ? { sql: 'delete from zip_codes where zip_code = ?', parameters: [shared.zipCode.key] }
          : {
              sql: 'update zip_codes set city = ? where zip_code = ?',
              parameters: ['Still needed', shared.zipCode.key],
            },
      ],
    });
  return edits;
};
