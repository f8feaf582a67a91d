import type { Scenario } from './scenario.ts';
import { DAY, MINUTE, type Stage } from './stage.ts';

const NINE_YEARS = 9 * 365 * DAY;

/** Two devices change the same column while they are away; whose stands when both are back? */
const clash = async (stage: Stage, key: string, wrong: number): Promise<'first' | 'second' | 'neither'> => {
  const first = stage.device(1);
  const second = stage.device(2);
  await stage.sql((client) =>
    client.query(`insert into products (id, store_id, name, code) values ($1, 's1', 'before', $1)`, [key]),
  );
  for (const device of [first, second])
    await stage.until('both have it', async () => (await stage.row(device, 'products', key)) !== undefined);
  const codes: string[] = [];
  for (const device of [first, second]) {
    device.setOnline(false);
    if (device === first && wrong !== 0) {
      stage.world.fire('F23', device.name, `${wrong} ms off`);
      device.clockError = wrong;
    }
    await stage.edit(device, async (hand) => {
      const row = (await hand.rows('products')).find(({ id }) => id === key);
      const code = hand.marks.value();
      codes.push(code);
      if (row) hand.update('products', row, { code });
    });
    await stage.pass(MINUTE);
  }
  first.setOnline(true);
  await stage.drained(first);
  const offset = (await stage.app(first).status()).clockOffset;
  if (wrong !== 0)
    stage.mustBe(
      Math.abs((offset ?? 0) + wrong) < MINUTE,
      `the status tells how wrong the clock is, not ${offset}`,
    );
  second.setOnline(true);
  await stage.drained(second);
  first.clockError = 0;
  const [row] = await stage.select<{ code: string }>('select code from products where id = $1', [key]);
  return row?.code === codes[0] ? 'first' : row?.code === codes[1] ? 'second' : 'neither';
};

/** By the rule the later edit stands. The earlier one was made by a device whose clock says 2035, or 2017. */
export const clockOf2035AndBack: Scenario = {
  name: 'clock-of-2035-and-back',
  title:
    'a device’s clock says 2035, and is set back: the later edit wins as with a right clock, and the status says so',
  async play(stage) {
    stage.mustBe((await clash(stage, 'right', 0)) === 'second', 'with right clocks the later edit stands');
    stage.mustBe(
      (await clash(stage, 'ahead', NINE_YEARS)) === 'second',
      'so it does when the first clock is years ahead',
    );
    stage.mustBe((await clash(stage, 'again', 0)) === 'second', 'and when that clock was set back');
    stage.mustBe((await clash(stage, 'behind', -NINE_YEARS)) === 'second', 'and when it is years behind');
  },
};
