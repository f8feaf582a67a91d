import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clash, SERVER_SIDE, shownEverywhere } from './clash.ts';
import { type FieldTab, type FieldWorld, openField } from './field-world.ts';

let world: FieldWorld;
let phone: FieldTab;
let tablet: FieldTab;

beforeAll(async () => {
  world = await openField();
  phone = await world.device('ana', 'Phone');
  tablet = await world.device('ana', 'Tablet');
}, 180_000);
afterAll(() => world.end());

/** Where the focus is, as a person hears it: the name of the control, with what it is. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement: element } = document;
    if (!element || element === document.body) return 'lost';
    const modal = document.querySelector('dialog:modal');
    if (modal && !modal.contains(element)) return `outside of the dialog: ${element.textContent}`;
    const said = element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '';
    const labelled = element.id === '' ? null : document.querySelector(`label[for="${element.id}"]`);
    return labelled?.textContent ?? said;
  });

/** Presses a key as a person does, and sees that the focus is somewhere. */
const press = async (page: Page, key: string): Promise<string> => {
  await page.keyboard.press(key);
  // React draws, and effects that move the focus run.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0))));
  const where = await focused(page);
  expect(where, `after ${key}`).not.toBe('lost');
  expect(where, `after ${key}`).not.toMatch(/^outside/);
  return where;
};

/** Goes on with Tab until the control is reached. */
const tabTo = async (page: Page, wanted: string | RegExp): Promise<void> => {
  const seen: string[] = [];
  for (let steps = 0; steps < 60; steps++) {
    const where = await press(page, 'Tab');
    seen.push(where);
    if (typeof wanted === 'string' ? where === wanted : wanted.test(where)) return;
  }
  throw new Error(`${wanted} was not reached: ${seen.join(' | ')}`);
};

/** What the live region of the resolver says. */
const said = (page: Page): Promise<string> => page.locator('.satchel-resolver [role=status]').innerText();

describe('a conflict, by keyboard alone', () => {
  it('[REACT-53] is resolved with Tab, arrows, Enter and Escape; focus is never lost, and a live region says what happened', async () => {
    await clash({ world, phone, tablet }, 'one');
    const { page } = phone;
    await phone.show('inbox');
    await page.getByRole('button', { name: /Needs a decision Plots: Maize/ }).waitFor();

    await tabTo(page, /Needs a decision/);
    expect(await press(page, 'Enter')).toBe('Plots: Maize');
    // Escape leaves the dialog, and the focus is back on what opened it.
    expect(await press(page, 'Escape')).toMatch(/Needs a decision/);
    expect(await page.getByRole('dialog').count()).toBe(0);
    await press(page, 'Enter');

    await tabTo(page, 'Accept the value of this device for Acres');
    await press(page, 'Space');
    expect(await said(page)).toBe('Acres: 3.25. 3 of 4 fields left to decide');
    // Arrows go from one choice of the field to the other.
    expect(await press(page, 'ArrowRight')).toBe('Accept the value of the server for Acres');
    expect(await said(page)).toBe('Acres: 3. 3 of 4 fields left to decide');
    expect(await press(page, 'ArrowLeft')).toBe('Accept the value of this device for Acres');
    expect(await said(page)).toBe('Acres: 3.25. 3 of 4 fields left to decide');

    await tabTo(page, 'Accept the value of this device for Planted on');
    await press(page, 'ArrowDown');
    expect(await said(page)).toBe('Planted on: 2026-03-20. 2 of 4 fields left to decide');

    await tabTo(page, 'Accept the value of this device for Pests');
    await press(page, 'ArrowLeft');
    expect(await focused(page)).toBe('Take both lists for Pests');
    expect(await said(page)).toBe('Pests: aphid, armyworm, and borer. 1 of 4 fields left to decide');

    // A value of one's own: Escape leaves the field as it was and the dialog open, Enter takes what is typed.
    await tabTo(page, 'Edit Note');
    await press(page, 'Enter');
    await page.keyboard.type('nothing of this');
    expect(await press(page, 'Escape')).toBe('Edit Note');
    expect(await page.getByRole('dialog').count()).toBe(1);
    expect(await said(page)).toMatch(/^Pests/);
    await press(page, 'Enter');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('Between river and road');
    expect(await press(page, 'Enter')).toBe('Edit Note');
    expect(await said(page)).toBe('Note: Between river and road. All 4 fields decided');

    await tabTo(page, 'Save result');
    await press(page, 'Enter');
    await page.getByText('Decided: merged').first().waitFor();
    expect(await said(page)).toBe('Decided: merged');
    expect(await focused(page)).toBe('Changed in two places');
    await shownEverywhere({ world, phone, tablet }, 'one', {
      ...SERVER_SIDE,
      acreage: '3.25',
      pests: ['aphid', 'armyworm', 'borer'],
      note: 'Between river and road',
    });

    await tabTo(page, 'Undo');
    await press(page, 'Enter');
    await page.getByText('4 of 4 fields left to decide').waitFor();
    expect(await said(page)).toBe('Undone. It waits for a decision again.');
    expect(await focused(page)).toBe('Changed in two places');
    await shownEverywhere({ world, phone, tablet }, 'one', SERVER_SIDE);

    // What can do nothing now is reached, says why, and does nothing.
    await tabTo(page, 'Save result');
    await press(page, 'Enter');
    await tabTo(page, 'Merge');
    await press(page, 'Enter');
    const why = await page.getByRole('button', { name: 'Merge' }).getAttribute('aria-describedby');
    expect(await page.locator(`[id="${why}"]`).innerText()).toMatch(/^Merge is not possible/);
    expect(await page.getByText('4 of 4 fields left to decide').count()).toBe(1);

    // Escalation: Escape closes the note alone.
    await tabTo(page, 'Escalate to support');
    expect(await press(page, 'Enter')).toBe('Note for support');
    expect(await press(page, 'Escape')).toBe('Escalate to support');
    expect(await press(page, 'Enter')).toBe('Note for support');
    await page.keyboard.type('Who measured it?');
    await tabTo(page, 'Send to support');
    await press(page, 'Enter');
    await page.getByText('Support was asked.').first().waitFor();
    expect(await said(page)).toBe('Sent to support');
    expect(await focused(page)).toBe('Changed in two places');
    expect(await world.asAdministrator('/v1/conflicts?state=escalated')).toMatchObject([
      { key: 'one', note: 'Who measured it?' },
    ]);
    expect(await press(page, 'Escape')).toMatch(/Sent to support/);
    expect(world.errors).toEqual([]);
  }, 180_000);
});
