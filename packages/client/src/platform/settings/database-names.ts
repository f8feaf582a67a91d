import type { SmallSettings } from './small-settings.ts';

const NAME = 'satchel.databases';

/** The names of the databases on this device, for modules that cannot list theirs. */
export const databaseNames = (settings: SmallSettings) => {
  const all = (): string[] => {
    const kept = settings.get(NAME);
    return Array.isArray(kept) ? kept.filter((name): name is string => typeof name === 'string') : [];
  };
  return {
    list: (prefix: string): string[] =>
      all()
        .filter((name) => name.startsWith(prefix))
        .sort(),
    add: (name: string): void => {
      if (!all().includes(name)) settings.set(NAME, [...all(), name]);
    },
    remove: (name: string): void =>
      settings.set(
        NAME,
        all().filter((one) => one !== name),
      ),
  };
};
