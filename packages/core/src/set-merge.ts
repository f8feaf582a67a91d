import type { Value } from '@satchel/protocol';

/** What one edit did to a set. No member is in both. */
export interface SetDelta {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

const isText = (member: Value): member is string => typeof member === 'string';

/** Members of a set value, sorted by code unit, each once; null counts as empty. */
export const setMembers = (value: Value | undefined): string[] =>
  Array.isArray(value) ? [...new Set((value as readonly Value[]).filter(isText))].sort() : [];

/** What leads from one value to the other. */
export const setDelta = (from: Value | undefined, to: Value | undefined): SetDelta => {
  const before = new Set(setMembers(from));
  const after = new Set(setMembers(to));
  return {
    added: [...after].filter((member) => !before.has(member)),
    removed: [...before].filter((member) => !after.has(member)),
  };
};

/** The set after an edit: members that somebody else added or removed stay so. */
export const applySetDelta = (value: Value | undefined, delta: SetDelta): string[] => {
  const members = new Set(setMembers(value));
  for (const member of delta.removed) members.delete(member);
  for (const member of delta.added) members.add(member);
  return [...members].sort();
};
