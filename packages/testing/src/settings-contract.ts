import type { SmallSettings } from '@satchel/client/browser';
import { beforeEach, describe, expect, it } from 'vitest';

/** What an app asks of small settings, wherever they lie. */
export const settingsContract = (name: string, make: () => SmallSettings): void => {
  describe(`small settings: ${name}`, () => {
    let settings: SmallSettings;
    beforeEach(() => {
      settings = make();
      for (const one of settings.names()) settings.remove(one);
    });

    it('[SET-01] gives at once what was set, of any JSON', () => {
      const values = [null, true, 0, -1.5, '', 'é\u{1f600}', [1, [2]], { a: { b: null } }];
      for (const [index, value] of values.entries()) {
        settings.set(`s${index}`, value);
        expect(settings.get(`s${index}`)).toEqual(value);
      }
    });

    it('[SET-02] knows what was never set, and what was removed', () => {
      expect(settings.get('never')).toBeUndefined();
      settings.set('user', 'ana');
      settings.set('user', 'ben');
      expect(settings.get('user')).toBe('ben');
      settings.remove('user');
      settings.remove('user');
      expect(settings.get('user')).toBeUndefined();
    });

    it('[SET-03] lists its names in order', () => {
      settings.set('b', 1);
      settings.set('a', 2);
      expect(settings.names()).toEqual(['a', 'b']);
    });
  });
};
