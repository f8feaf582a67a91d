import {
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

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** All was applied as it was sent, and nothing else is said. It says yes to nothing that the schema refuses or writes otherwise. */
const isSurelyApplied = (data: unknown): data is PushAnswer => {
  if (!hasJust(data, 'kind,outcome') || !hasJust(data.outcome, 'mutationId,outcome,changes')) return false;
  const { mutationId, outcome, changes } = data.outcome;
  return (
    data.kind === 'outcome' &&
    outcome === 'applied' &&
    typeof mutationId === 'string' &&
    UUID.test(mutationId) &&
    Array.isArray(changes) &&
    changes.every(isSurelyAppliedChange)
  );
};

const isSurelyAppliedChange = (data: unknown): boolean =>
  hasJust(data, 'table,key,outcome,version') &&
  data.outcome === 'applied' &&
  isText(data.table, MAX_NAME_LENGTH) &&
  isText(data.key, MAX_KEY_LENGTH) &&
  Number.isSafeInteger(data.version) &&
  (data.version as number) >= 0;

const isText = (data: unknown, most: number): boolean =>
  typeof data === 'string' && data.length > 0 && data.length <= most;

const isObject = (data: unknown): data is Readonly<Record<string, unknown>> =>
  typeof data === 'object' && data !== null;

/** Has these names, in the order in which the server writes them. */
const hasJust = (data: unknown, names: string): data is Readonly<Record<string, unknown>> =>
  isObject(data) && Object.keys(data).join() === names;
