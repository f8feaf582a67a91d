import {
  hasNamesOf,
  isObject,
  isText,
  isUuid,
  isWhole,
  MAX_KEY_LENGTH,
  MAX_NAME_LENGTH,
  type PushAnswer,
  type PushResponse,
  pushAnswerSchema,
  pushResponseSchema,
} from '@satchel/protocol';

/**
 * The answer to a push, of data from `JSON.parse`: as `pushResponseSchema` reads it, which
 * made a copy of each outcome and took ten times as long. Everyday answers are known at a
 * look; the schema sees what is left.
 */
export const pushResponse = {
  safeParse(value: unknown): { success: true; data: PushResponse } | { success: false } {
    if (!isObject(value) || !Array.isArray(value.answers)) return { success: false };
    const answers: PushAnswer[] = [];
    for (const each of value.answers) {
      if (isSurelyApplied(each)) {
        answers.push(each);
        continue;
      }
      const read = pushAnswerSchema.safeParse(each);
      if (!read.success) return { success: false };
      answers.push(read.data);
    }
    const rest = pushResponseSchema.safeParse({ ...value, answers: [] });
    return rest.success ? { success: true, data: { ...rest.data, answers } } : { success: false };
  },
};

const ANSWER: ReadonlySet<string> = new Set(['kind', 'outcome']);
const OUTCOME: ReadonlySet<string> = new Set(['mutationId', 'outcome', 'changes']);
const CHANGE: ReadonlySet<string> = new Set(['table', 'key', 'outcome', 'version']);

/** All was applied as it was sent, and nothing else is said. It says yes to nothing that the schema refuses or writes otherwise. */
const isSurelyApplied = (data: unknown): data is PushAnswer => {
  if (!isObject(data) || data.kind !== 'outcome' || !isObject(data.outcome)) return false;
  if (!hasNamesOf(data, ANSWER) || !hasNamesOf(data.outcome, OUTCOME)) return false;
  const { mutationId, outcome, changes } = data.outcome;
  return (
    outcome === 'applied' &&
    isUuid(mutationId) &&
    Array.isArray(changes) &&
    changes.every(isSurelyAppliedChange)
  );
};

const isSurelyAppliedChange = (data: unknown): boolean => {
  if (!isObject(data) || !hasNamesOf(data, CHANGE)) return false;
  const { table, key, outcome, version } = data;
  return (
    outcome === 'applied' &&
    isText(table, MAX_NAME_LENGTH) &&
    isText(key, MAX_KEY_LENGTH) &&
    (version === undefined || isWhole(version, 0))
  );
};
