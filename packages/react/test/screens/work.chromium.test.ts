import { NO_FAULTS } from '@satchel/testing/faulty-proxy';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventuallyEqual, type FieldTab, type FieldWorld, openField } from './field-world.ts';

let world: FieldWorld;
let phone: FieldTab;
let page: Page;

beforeAll(async () => {
  world = await openField();
  phone = await world.device('ana', 'Phone');
  page = phone.page;
  await world.database.db.query("insert into tools (id, code, name) values ('there', 'T-1', 'Spade')");
}, 180_000);
beforeEach(async () => {
  world.proxy.setFaults(NO_FAULTS);
  world.proxy.setDown(false);
  await phone.online();
  await phone.ask('now');
});
afterAll(() => world.end());

const addTool = (key: string, code: string, name: string): Promise<void> =>
  phone.ask('write', 'insert into tools (id, code, name) values (?, ?, ?)', key, code, name);
const pending = async (): Promise<number> => (await phone.ask('status')).pending;
const tool = async (key: string): Promise<unknown> =>
  (await world.database.db.query('select code, name from tools where id::text = $1', [key])).rows[0];
const download = async (press: () => Promise<void>): Promise<string> => {
  const coming = page.waitForEvent('download');
  await press();
  const stream = await (await coming).createReadStream();
  return (await stream.toArray()).join('');
};

/** A change that the server refuses: its code is taken. */
const refusedTool = async (key: string): Promise<void> => {
  await phone.offline();
  await world.database.db.query("insert into tools (id, code, name) values ($1, $2, 'Spade')", [
    `holder-${key}`,
    `T-${key}`,
  ]);
  await addTool(key, `T-${key}`, 'Hoe');
  await phone.online();
  await eventuallyEqual(() => phone.ask('quarantined'), 1);
};
const quarantine = () => page.getByRole('region', { name: 'Needs your attention' });
const waiting = () => page.getByRole('region', { name: 'Waiting to be sent' });

describe('work that needs somebody', () => {
  it('[REACT-80] PendingChanges shows what waits, opens it for editing, exports it, and is empty when it has arrived', async () => {
    await phone.show('work');
    await phone.offline();
    await phone.ask('write', "insert into plots (id, crop, acreage) values ('w1', 'Beans', '1')");
    await waiting().getByText('Waits to be sent').waitFor();
    await waiting().getByText('New · Plots').waitFor();
    await waiting().getByRole('button', { name: 'Edit' }).click();
    expect(await page.evaluate(() => (globalThis as { edited?: string }).edited)).toBe('w1');
    const exported = await download(() => waiting().getByRole('button', { name: 'Export all' }).click());
    expect(exported).toContain('w1');
    await phone.online();
    await waiting().getByText('Everything has been sent.').waitFor();
    expect((await world.plot('w1'))?.crop).toBe('Beans');
    // A change of what is known already says which record it is of.
    await phone.offline();
    await phone.ask('write', "update plots set acreage = '2' where id = 'w1'");
    await waiting().getByText('Changed · Plots: Beans').waitFor();
    await phone.ask('write', "delete from plots where id = 'w1'");
    await waiting().getByText('Deleted · Plots: Beans').waitFor();
    await phone.online();
    await waiting().getByText('Everything has been sent.').waitFor();
  });

  it('[REACT-81] a change that got no answer is tried again by its button', async () => {
    await phone.show('work');
    // PostgreSQL would have it tried again, each time: the server says that it is busy.
    await world.database.db.query(
      `create function stumble() returns trigger language plpgsql as
        $$ begin raise exception 'try again' using errcode = '40001'; end $$;
       create trigger stumble before insert on plots for each row execute function stumble()`,
    );
    await phone.ask('write', "insert into plots (id, crop, acreage) values ('w2', 'Okra', '1')");
    await waiting().getByText('Not answered').waitFor({ timeout: 30_000 });
    await world.database.db.query('drop function stumble cascade');
    await waiting().getByRole('button', { name: 'Try again' }).click();
    await waiting().getByText('Everything has been sent.').waitFor();
    expect(await pending()).toBe(0);
  });

  it('[REACT-82] Quarantine names the field that is wrong; corrected there, the change is sent again', async () => {
    await phone.show('work');
    await refusedTool('q1');
    await quarantine().getByText('Another record has this value already.').waitFor();
    await quarantine().getByRole('button', { name: 'Edit and send again' }).click();
    const code = quarantine().getByRole('textbox', { name: 'Code' });
    expect(await code.getAttribute('aria-invalid')).toBe('true');
    expect(await code.inputValue()).toBe('T-q1');
    await code.fill('T-2');
    await quarantine().getByRole('button', { name: 'Send again' }).click();
    await quarantine().getByText('Nothing here needs your attention.').waitFor();
    await eventuallyEqual(() => tool('q1'), { code: 'T-2', name: 'Hoe' });
    expect(await phone.ask('quarantined')).toBe(0);
  });

  it('[REACT-83] Quarantine exports a change, keeps it when told so, and discards it when told so', async () => {
    await phone.show('work');
    await refusedTool('q2');
    const exported = await download(() => quarantine().getByRole('button', { name: 'Export' }).click());
    expect(exported).toContain('q2');
    await quarantine().getByRole('button', { name: 'Discard' }).click();
    const dialog = page.getByRole('dialog', { name: 'Discard this change?' });
    await dialog.getByRole('button', { name: 'Keep it' }).click();
    expect(await phone.ask('quarantined')).toBe(1);
    await quarantine().getByRole('button', { name: 'Discard' }).click();
    await dialog.getByRole('button', { name: 'Discard' }).click();
    await quarantine().getByText('Nothing here needs your attention.').waitFor();
    expect(await phone.ask('quarantined')).toBe(0);
    // Focus is not lost with what was discarded.
    await eventuallyEqual(
      () => page.evaluate(() => document.activeElement?.textContent),
      'Needs your attention',
    );
  });

  it('[REACT-84] what was saved beside the database and refused is shown with the reason, exported, tried again and discarded', async () => {
    await phone.ask(
      'saveBeside',
      'beside-1',
      "insert into tools (id, code, name) values ('there', 'T-9', 'Rake')",
    );
    await phone.ask(
      'saveBeside',
      'beside-2',
      "insert into tools (id, code, name) values ('fine', 'T-8', 'Fork')",
    );
    // The next leader takes the journal in.
    await page.reload();
    phone = await world.reopen(phone);
    page = phone.page;
    await phone.show('work');
    const beside = page.getByRole('region', { name: 'Saved beside another tab' });
    await beside.getByText('New · Tools').waitFor();
    await beside.getByText('sql_failed').waitFor();
    expect((await phone.ask('status')).tab?.refused).toBe(1);
    await page.getByRole('button', { name: 'Sync details' }).click();
    await page.getByText('1 change was not taken by the server').waitFor();
    await phone.ask('now');
    await eventuallyEqual(() => tool('fine'), { code: 'T-8', name: 'Fork' });
    const exported = await download(() => beside.getByRole('button', { name: 'Export' }).click());
    expect(JSON.parse(exported)).toMatchObject([{ id: 'beside-1', problem: { code: 'sql_failed' } }]);

    // Still refused: the row is still there.
    await beside.getByRole('button', { name: 'Try again' }).click();
    await eventuallyEqual(async () => (await phone.ask('status')).tab?.refused, 1);
    await phone.ask('write', "delete from tools where id = 'there'");
    await beside.getByRole('button', { name: 'Try again' }).click();
    await eventuallyEqual(() => beside.count(), 0);
    await phone.ask('now');
    await eventuallyEqual(() => tool('there'), { code: 'T-9', name: 'Rake' });

    await phone.ask(
      'saveBeside',
      'beside-3',
      "insert into tools (id, code, name) values ('there', 'T-7', 'Rake')",
    );
    await page.reload();
    phone = await world.reopen(phone);
    page = phone.page;
    await phone.show('work');
    await beside.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
    await eventuallyEqual(() => beside.count(), 0);
    await eventuallyEqual(async () => (await phone.ask('status')).tab?.refused, 0);
  });

  it('[REACT-85] a token that is over asks to sign in, by the app’s own callback; the next token goes on', async () => {
    await phone.show('work');
    await phone.ask('token', await world.tokenOf('ana', { lifetime: -60 }));
    await phone.ask('now');
    await page.getByText('Sign in to go on syncing').waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.evaluate(() => (globalThis as { signedIn?: boolean }).signedIn)).toBe(true);
    await phone.ask('token', await world.tokenOf('ana'));
    await page.getByText('All data up to date').waitFor();
    expect(await page.getByRole('button', { name: 'Sign in' }).count()).toBe(0);
  });
});

describe('pulling a list down', () => {
  const said = () => page.locator('.satchel-pull-head [role=status]').innerText();
  const shown = (): Promise<string[]> => page.getByRole('listitem').allInnerTexts();
  const addOnServer = async (crop: string): Promise<void> => {
    await world.database.db.query(`insert into plots (id, crop, acreage) values ('${crop}', '${crop}', 1)`);
  };
  /** A finger of the browser's own, so that scrolling has its say. */
  const drag = async (from: number, to: number): Promise<void> => {
    const session = await page.context().newCDPSession(page);
    await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', y: number) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x: 200, y }],
      });
    await touch('touchStart', from);
    for (let step = 1; step <= 10; step++) await touch('touchMove', from + ((to - from) * step) / 10);
    await touch('touchEnd', to);
    await session.detach();
  };
  const refreshes = async (crop: string, how: () => Promise<void>): Promise<void> => {
    await phone.offline();
    await addOnServer(crop);
    await phone.online();
    await how();
    await eventuallyEqual(said, 'Up to date');
    // It ended because the device has caught up.
    expect((await shown()).some((text) => text.startsWith(crop))).toBe(true);
  };

  it('[REACT-86] brings it up to date by finger, by keyboard and by button, and ends when it is', async () => {
    await phone.show('pull');
    await page.setViewportSize({ width: 400, height: 600 });
    await refreshes('Finger', () => drag(150, 450));
    await phone.show('pull');
    await refreshes('Keyboard', async () => {
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
    });
    await phone.show('pull');
    await refreshes('Button', () => page.getByRole('button', { name: 'Refresh' }).click());
    world.proxy.setDown(true);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await eventuallyEqual(said, 'Could not refresh. What you see was saved earlier.');
  });

  it('[REACT-87] a list that is scrolled down scrolls up again by finger, and is pulled at its top only', async () => {
    await phone.show('pull');
    await page.setViewportSize({ width: 400, height: 600 });
    const top = (): Promise<number> => page.evaluate(() => document.scrollingElement?.scrollTop ?? -1);
    await drag(500, 100);
    const down = await top();
    expect(down).toBeGreaterThan(100);
    await page.locator('.satchel-pull:not([data-at-top])').waitFor();
    // A finger that comes down before the page has come to rest only stops it.
    await eventuallyEqual(async () => {
      await drag(150, 350);
      return (await top()) < down;
    }, true);
    expect(await said()).toBe('Pull down to refresh');
  });
});
