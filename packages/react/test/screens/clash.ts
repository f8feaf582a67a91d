import { eventuallyEqual, type FieldTab, type FieldWorld } from './field-world.ts';

const COLUMNS = 'crop, acreage, planted_on as "plantedOn", watered, pests, note';
/** What a device shows of a plot, as PostgreSQL's row is read. */
export const shownOn = async (tab: FieldTab, key: string): Promise<unknown> => {
  const [row] = await tab.ask('all', `select ${COLUMNS} from plots where id = '${key}'`);
  if (!row) return undefined;
  return { ...row, watered: row.watered === 1, pests: JSON.parse(String(row.pests)) };
};
export const BEFORE = {
  crop: 'Maize',
  acreage: '2.5',
  plantedOn: '2026-03-14',
  watered: false,
  pests: ['armyworm'],
  note: 'By the river',
};

/** A plot that both devices hold, changed on both: the tablet's change arrives first, the phone's clashes. */
export const clash = async (
  {
    world,
    phone,
    tablet,
  }: { readonly world: FieldWorld; readonly phone: FieldTab; readonly tablet: FieldTab },
  key: string,
): Promise<void> => {
  await tablet.ask(
    'write',
    "insert into plots (id, crop, acreage, planted_on, watered, pests, note) values (?, 'Maize', '2.5', '2026-03-14', 0, '[\"armyworm\"]', 'By the river')",
    key,
  );
  await tablet.ask('now');
  await phone.ask('now');
  await eventuallyEqual(() => shownOn(phone, key), BEFORE);
  await phone.offline();
  await phone.ask(
    'write',
    `update plots set acreage = '3.25', planted_on = '2026-03-16', note = 'By the old river', pests = '["armyworm","borer"]' where id = ?`,
    key,
  );
  await tablet.ask(
    'write',
    `update plots set acreage = '3', planted_on = '2026-03-20', note = 'By the road', pests = '["aphid","armyworm"]', watered = 1 where id = ?`,
    key,
  );
  await tablet.ask('now');
  await eventuallyEqual(async () => (await world.plot(key))?.acreage, '3');
  await phone.online();
  await phone.ask('now');
};

/** What the server has until somebody decides. */
export const SERVER_SIDE = {
  ...BEFORE,
  acreage: '3',
  plantedOn: '2026-03-20',
  note: 'By the road',
  pests: ['aphid', 'armyworm'],
  watered: true,
};

/** What the phone changed, over the server's. */
export const KEPT_LOCAL = {
  ...SERVER_SIDE,
  acreage: '3.25',
  plantedOn: '2026-03-16',
  note: 'By the old river',
  pests: ['armyworm', 'borer'],
};

export const shownEverywhere = async (
  {
    world,
    phone,
    tablet,
  }: { readonly world: FieldWorld; readonly phone: FieldTab; readonly tablet: FieldTab },
  key: string,
  expected: object,
): Promise<void> => {
  await eventuallyEqual(() => world.plot(key), expected);
  await eventuallyEqual(() => shownOn(phone, key), expected);
  await eventuallyEqual(() => shownOn(tablet, key), expected);
};
