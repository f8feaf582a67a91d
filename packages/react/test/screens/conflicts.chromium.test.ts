import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clash, KEPT_LOCAL, SERVER_SIDE, shownEverywhere } from './clash.ts';
import { eventuallyEqual, type FieldTab, type FieldWorld, openField } from './field-world.ts';

let world: FieldWorld;
let phone: FieldTab;
let tablet: FieldTab;
/** An administrator's. */
let desk: FieldTab;

beforeAll(async () => {
  world = await openField();
  phone = await world.device('ana', 'Phone');
  tablet = await world.device('ana', 'Tablet');
  desk = await world.device('root', 'Desk', ['admin']);
}, 180_000);
afterAll(() => world.end());

const openConflict = async (page: Page, what = 'Needs a decision'): Promise<void> => {
  await page.getByRole('button', { name: new RegExp(`${what} Plots: Maize`) }).click();
  await page.getByRole('dialog').waitFor();
};
const everywhere = (key: string, expected: object): Promise<void> =>
  shownEverywhere({ world, phone, tablet }, key, expected);

describe('a conflict from two browsers', () => {
  it('[REACT-50] is resolved on screen field by field: devices and SQL show each chosen value; undo takes it back everywhere', async () => {
    await clash({ world, phone, tablet }, 'one');
    const { page } = phone;
    await phone.show('inbox');
    await openConflict(page);
    const dialog = page.getByRole('dialog');
    await dialog.getByText('4 of 4 fields left to decide').waitFor();
    expect(await dialog.getByRole('button', { name: 'Save result' }).isDisabled()).toBe(true);
    // Until somebody decides the server keeps what it had.
    expect(await world.plot('one')).toEqual(SERVER_SIDE);

    await dialog.getByRole('radio', { name: 'Accept the value of this device for Acres' }).check();
    await dialog.getByRole('radio', { name: 'Accept the value of the server for Planted on' }).check();
    await dialog.getByRole('radio', { name: 'Take both lists for Pests' }).check();
    await dialog.getByRole('button', { name: 'Edit Note' }).click();
    await dialog.getByRole('textbox', { name: 'Edit Note' }).fill('Between river and road');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByRole('button', { name: 'Save result' }).click();
    await dialog.getByText('Decided: merged').first().waitFor();
    const chosen = {
      crop: 'Maize',
      acreage: '3.25',
      plantedOn: '2026-03-20',
      watered: true,
      pests: ['aphid', 'armyworm', 'borer'],
      note: 'Between river and road',
    };
    await everywhere('one', chosen);
    await eventuallyEqual(() => page.locator('.satchel-badge', { hasText: 'Received' }).count(), 1);

    await dialog.getByRole('button', { name: 'Undo' }).click();
    await dialog.getByText('4 of 4 fields left to decide').waitFor();
    await everywhere('one', SERVER_SIDE);

    await dialog.getByRole('button', { name: 'Keep local' }).click();
    await dialog.getByText('Decided: this device').first().waitFor();
    await everywhere('one', KEPT_LOCAL);
  }, 120_000);

  it('[REACT-51] that is escalated appears for administrators with its note, and is theirs to decide; the record can be used meanwhile', async () => {
    await clash({ world, phone, tablet }, 'two');
    const { page } = phone;
    await phone.show('inbox');
    await openConflict(page);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Escalate to support' }).click();
    await dialog.getByRole('textbox', { name: 'Note for support' }).fill('Who measured it?');
    await dialog.getByRole('button', { name: 'Send to support' }).click();
    await dialog.getByText('Support was asked.').first().waitFor();
    const listed = await world.asAdministrator('/v1/conflicts?state=escalated');
    expect(listed).toMatchObject([
      {
        table: 'plots',
        key: 'two',
        state: 'escalated',
        note: 'Who measured it?',
        author: 'ana',
        deviceName: 'Phone',
      },
    ]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /Sent to support/ }).waitFor();
    // It is no longer for this person to decide.
    await page.getByRole('button', { name: /Sent to support/ }).click();
    await dialog.getByRole('button', { name: 'Use server' }).click();
    await dialog.getByRole('alert').waitFor();
    expect(await world.plot('two')).toEqual(SERVER_SIDE);
    await page.keyboard.press('Escape');

    // On an administrator's screen, with whose it is and what was asked.
    await desk.show('inbox');
    await openConflict(desk.page, 'Sent to support');
    const asked = desk.page.getByRole('dialog');
    await asked.getByText('Who measured it?').waitFor();
    await asked.getByRole('columnheader', { name: 'Phone' }).waitFor();
    await asked.getByText('by Ana on Phone').waitFor();
    await asked.getByRole('button', { name: 'Keep local' }).click();
    await asked.getByText('Decided: this device').first().waitFor();
    await everywhere('two', KEPT_LOCAL);
    await asked.getByRole('button', { name: 'Undo' }).click();
    await everywhere('two', SERVER_SIDE);
    await asked.getByRole('button', { name: 'Use server' }).click();
    await asked.getByText('Decided: server').first().waitFor();
    expect(world.errors).toEqual([]);
  }, 120_000);

  it('[REACT-55] about a record that was deleted meanwhile shows the whole record, and brings it back', async () => {
    const key = 'gone';
    await tablet.ask(
      'write',
      "insert into plots (id, crop, acreage, pests, note) values (?, 'Cassava', '2.5', '[\"mite\"]', 'By the well')",
      key,
    );
    await tablet.ask('now');
    await phone.ask('now');
    await phone.offline();
    await phone.ask('write', "update plots set acreage = '4' where id = ?", key);
    await tablet.ask('write', 'delete from plots where id = ?', key);
    await tablet.ask('now');
    await phone.online();
    await phone.ask('now');
    for (const [who, says, keep] of [
      [phone, 'The record was deleted on the server while you edited it.', 'Keep my edit'],
      [desk, 'The record was deleted on the server while Ana edited it.', 'Keep the edit'],
    ] as const) {
      await who.show('inbox');
      await who.page.getByRole('button', { name: /Needs a decision Plots: Cassava/ }).click();
      const dialog = who.page.getByRole('dialog', { name: 'Plots: Cassava' });
      await dialog.getByText(says).first().waitFor();
      // What was edited beside what it was, and all else that it held.
      for (const row of [/Acres.*2\.5.*4/, /Crop.*Cassava/, /Pests.*mite/, /Note.*By the well/])
        await dialog.getByRole('row', { name: row }).waitFor();
      await dialog.getByRole('button', { name: keep }).waitFor();
      if (who === desk) await dialog.getByRole('button', { name: keep }).click();
      else await who.page.keyboard.press('Escape');
    }
    const kept = { crop: 'Cassava', acreage: '4', pests: ['mite'], note: 'By the well' };
    await eventuallyEqual(() => world.plot(key), { ...kept, plantedOn: null, watered: false });
    await everywhere(key, { ...kept, plantedOn: null, watered: false });
  }, 120_000);

  it('[REACT-52] is merged with one press where different fields or lists were changed, else the reason is told', async () => {
    await clash({ world, phone, tablet }, 'three');
    const { page } = phone;
    await phone.show('inbox');
    await openConflict(page);
    const dialog = page.getByRole('dialog');
    const merge = dialog.getByRole('button', { name: 'Merge' });
    expect(await merge.isDisabled()).toBe(true);
    expect(await merge.getAttribute('aria-describedby')).not.toBeNull();
    await dialog.getByText(/Merge is not possible: both sides changed .*Acres/).waitFor();
    await dialog.getByRole('button', { name: 'Use server' }).click();
    await everywhere('three', SERVER_SIDE);
    await page.keyboard.press('Escape');

    await phone.offline();
    await phone.ask('write', `update plots set pests = '["armyworm","beetle"]' where id = 'three'`);
    await tablet.ask('write', `update plots set pests = '["aphid","armyworm","mite"]' where id = 'three'`);
    await tablet.ask('now');
    await phone.online();
    await phone.ask('now');
    await openConflict(page);
    await dialog.getByText('Both lists can be merged into one.').waitFor();
    await merge.click();
    await everywhere('three', { ...SERVER_SIDE, pests: ['armyworm', 'beetle', 'mite'] });
  }, 120_000);
});
