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
}, 180_000);
beforeEach(async () => {
  await phone.online();
  await phone.ask('now');
});
afterAll(() => world.end());

const text = (id: string) => (): Promise<string> => page.locator(`#${id}`).innerText();
const plots = (): Promise<string[]> => page.getByRole('listitem').allInnerTexts();
const objects = (): Promise<(string | null)[]> =>
  page.getByRole('listitem').evaluateAll((items) => items.map((item) => item.getAttribute('data-objects')));
const add = (key: string, crop: string): Promise<void> =>
  phone.ask('write', 'insert into plots (id, crop, acreage) values (?, ?, ?)', key, crop, '1');

describe('hooks over a real client', () => {
  it('[REACT-60] useQuery tells rows and what changed, keeps the objects of rows that did not, and hears of the server', async () => {
    await add('a', 'Beans');
    await add('b', 'Maize');
    await phone.show('plots');
    await eventuallyEqual(plots, ['Beans 1', 'Maize 1']);
    await phone.ask('write', "update plots set acreage = '2' where id = 'b'");
    await eventuallyEqual(text('diff'), '+ - ~1>2');
    expect(await plots()).toEqual(['Beans 1', 'Maize 2']);
    expect(await objects()).toEqual(['1', '2']);
    await add('c', 'Okra');
    await eventuallyEqual(text('diff'), '+Okra - ~');
    await phone.ask('write', "delete from plots where id = 'a'");
    await eventuallyEqual(text('diff'), '+ -Beans ~');
    // Any program that writes into PostgreSQL.
    await phone.ask('now');
    await world.database.db.query("update plots set acreage = 7 where id::text = 'c'");
    await eventuallyEqual(plots, ['Maize 2', 'Okra 7']);
    expect(await objects()).toEqual(['2', '2']);
  });

  it('[REACT-61] useQuery with Suspense shows the fallback, then the rows, and nothing between', async () => {
    await phone.show('suspended');
    await page.evaluate(() => {
      const seen: string[] = [];
      Object.assign(globalThis, { watched: seen });
      new MutationObserver(() => {
        const waited = document.querySelector<HTMLElement>('#waited');
        if (waited && waited.style.display !== 'none') seen.push(waited.innerText);
      }).observe(document.body, { childList: true, subtree: true });
    });
    await page.getByRole('button', { name: 'Show' }).click();
    await eventuallyEqual(text('waited'), '2');
    expect(await page.evaluate(() => (globalThis as { seen?: string[] }).seen)).toEqual(['fallback']);
    const watched = await page.evaluate(() => (globalThis as { watched?: string[] }).watched);
    expect(new Set(watched)).toEqual(new Set(['2']));
  });

  it('[REACT-62] useRow tells a row and where it stands, from its first write to its end', async () => {
    await phone.show('one');
    await eventuallyEqual(text('row'), 'none');
    await phone.offline();
    await add('one', 'Rice');
    await eventuallyEqual(text('row'), 'Rice 1 pending');
    await phone.online();
    await eventuallyEqual(text('row'), 'Rice 1 synced');
    await phone.ask('write', "delete from plots where id = 'one'");
    await eventuallyEqual(text('row'), 'none');
  });

  it('[REACT-63] useMutation tells where a write stands: saved, received; refused and failed with the reason', async () => {
    await phone.offline();
    await phone.show('writing');
    expect(await text('stands')()).toBe('idle');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await eventuallyEqual(text('stands'), 'saved');
    expect(await text('mutation')()).not.toBe('none');
    await phone.online();
    await eventuallyEqual(text('stands'), 'received');
    expect(await text('problem')()).toBe('none');

    await page.getByRole('button', { name: 'Fail' }).click();
    await eventuallyEqual(text('problem'), 'sql_failed');

    await world.database.db.query("insert into tools (id, code, name) values ('t-1', 'T-1', 'Spade')");
    await phone.offline();
    await page.getByRole('button', { name: 'Add tool' }).click();
    await phone.online();
    await eventuallyEqual(text('stands'), 'refused');
    expect(await text('problem')()).toBe('unique_taken');
    await phone.ask('discardAll');
  });

  it('[REACT-64] useSyncStatus, useOutbox, useHistory, useDataUsage and useConflicts say what the client says', async () => {
    await phone.show('facts');
    await eventuallyEqual(text('phase'), 'synced');
    await phone.offline();
    await eventuallyEqual(text('phase'), 'offline');
    await add('x', 'Yam');
    await add('y', 'Yam');
    await eventuallyEqual(text('outbox'), 'queued:1 queued:1');
    await phone.online();
    await eventuallyEqual(text('outbox'), '');
    await eventuallyEqual(text('phase'), 'synced');
    await phone.ask('now');
    // A page that comes live meanwhile is a run of its own, and may be newer.
    await eventuallyEqual(async () => (await text('runs')()).split(' ').includes('hand'), true);
    expect((await text('runs')()).split(' ')).toHaveLength(3);
    expect(await text('newest')()).toBe('first');
    const total = async (): Promise<string> => {
      const entries = await phone.ask(
        'usage',
        new Date(Date.now() - 6 * 86_400_000).toISOString().slice(0, 10),
      );
      const sum = entries.reduce((all, { bytes }) => all + bytes, 0);
      return `${sum} ${sum}`;
    };
    await eventuallyEqual(async () => (await text('usage')()) === (await total()), true);
    expect((await text('actions')()).split(' ')).toEqual(expect.arrayContaining(['push', 'pull', 'live']));
    expect(await text('conflicts')()).toBe('0 0');
    expect(world.errors).toEqual([]);
  });
});
