import { describe, expect, test } from 'vitest';
import { truth } from '../../test/pull/shop.ts';
import { linesOf, useShop } from '../../test/pull/use-shop.ts';

const at = useShop();
const { leave, puller, caughtUp, pass, openTransaction, othersEnded } = at;

describe('the horizon', () => {
  const HOUR = 3_600_000;
  /** What tells tailers of changed rights goes with the tombstones too. */
  const forgetAccess = () => at.shop.db.query(`delete from satchel.entries where scope = '~access'`);

  const prunedAlone = async () => {
    const { prune } = await import('./prune.ts');
    await othersEnded();
    return prune(at.shop.ctx);
  };

  test('[PULL-21] tombstones that every live client has received are pruned, and only they', async () => {
    const ann = await caughtUp();
    await forgetAccess();
    const bob = puller('ann');
    await bob.catchUp();
    await at.shop.db.query(`delete from products where id = 'p000001'`);
    await prunedAlone();
    pass(2 * HOUR);
    await ann.catchUp();
    await ann.catchUp();
    expect(await prunedAlone()).toEqual({ entries: 0 });
    await bob.catchUp();
    pass(2 * HOUR);
    await bob.catchUp();
    await ann.catchUp();
    await at.shop.db.query(`delete from products where id = 'p000002'`);
    expect(await prunedAlone()).toEqual({ entries: 1 });
    // Nobody needs a copy for it.
    expect(linesOf(await ann.catchUp(), 'scope')).toEqual([]);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-22] a cursor past the horizon resets just the scopes where something went', async () => {
    const ann = await caughtUp();
    await forgetAccess();
    await at.shop.db.query(`delete from products where id = 'p000001'`);
    await prunedAlone();
    pass(at.shop.ctx.app.limits.clientLifetime + 1);
    expect(await prunedAlone()).toEqual({ entries: 1 });
    const lines = await ann.catchUp();
    expect(linesOf(lines, 'scope')).toEqual([{ line: 'scope', scope: 'store:1', action: 'reset' }]);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
    expect(ann.replica.rows.has('products/p000001')).toBe(false);
    expect(linesOf(await ann.catchUp(), 'scope')).toEqual([]);
  });

  test('[PULL-23] a transaction that stays open keeps tombstones, so that no cursor is behind them at once', async () => {
    const { prune } = await import('./prune.ts');
    const ann = await caughtUp();
    const open = openTransaction();
    await open.query(`update products set name = 'open' where id = 'p000009'`);
    await at.shop.db.query(`delete from products where id = 'p000001'`);
    await prune(at.shop.ctx);
    pass(at.shop.ctx.app.limits.clientLifetime + 1);
    expect(await prune(at.shop.ctx)).toEqual({ entries: 0 });
    await ann.catchUp();
    expect(linesOf(await ann.catchUp(), 'scope')).toEqual([]);
    await open.commit();
  });
});

describe('versions and histories', () => {
  test('[PULL-24] a cursor of another history resets what it names and asks for offers', async () => {
    const ann = await caughtUp();
    const cursor = JSON.parse(Buffer.from(ann.replica.cursor!, 'base64url').toString());
    cursor.epoch = 'another';
    ann.replica.cursor = Buffer.from(JSON.stringify(cursor)).toString('base64url');
    await leave('ann', '2');
    await at.shop.db.query(
      `delete from products where id = 'p000001'; delete from satchel.entries where key = 'p000001'`,
    );
    const lines = await ann.catchUp();
    expect(linesOf(lines, 'head')[0].offer).toBe(true);
    expect(linesOf(lines, 'head').at(-1).offer).toBe(false);
    expect(linesOf(lines, 'scope')).toMatchObject([
      { scope: 'store:2', action: 'left' },
      { scope: 'store:1', action: 'reset' },
    ]);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-25] foreign tokens, protocols and schema versions have their codes', async () => {
    const ann = puller('ann');
    for (const token of ['', 'x', 'e30', Buffer.from('{"v":1}').toString('base64url'), '☃']) {
      ann.replica.cursor = token;
      await expect(ann.ask()).rejects.toMatchObject({ code: 'cursor_invalid' });
    }
    const bob = await caughtUp('bob');
    const cursor = JSON.parse(Buffer.from(bob.replica.cursor!, 'base64url').toString());
    for (const broken of [
      { ...cursor, snapshots: [] },
      { ...cursor, snapshots: ['1:2'] },
      { ...cursor, snapshots: ['9:-1:'] },
      { ...cursor, lsn: 'x' },
    ]) {
      bob.replica.cursor = Buffer.from(JSON.stringify(broken)).toString('base64url');
      await expect(bob.ask()).rejects.toMatchObject({ code: 'cursor_invalid' });
    }
    const { pull } = await import('./pull.ts');
    const asked = { protocolVersion: 1, schemaVersion: 1, clientId: ann.clientId, cursor: null };
    const pulled = (more: object) => pull(at.shop.ctx, ann.principal, { ...asked, ...more }, null);
    await expect(pulled({ protocolVersion: 0 })).rejects.toMatchObject({ code: 'protocol_too_old' });
    await expect(pulled({ protocolVersion: 99 })).rejects.toMatchObject({ code: 'protocol_too_new' });
    await expect(pulled({ schemaVersion: 2 })).rejects.toMatchObject({ code: 'schema_ahead' });
  });
});
