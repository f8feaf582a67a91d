import type { Json } from '@satchel/protocol';
import type { Database } from '@satchel/server';

/** Values that stand neither in the audit, nor in a conflict, nor in what the devices were told of as refused. */
export const accountFor = async (
  db: Database,
  written: readonly string[],
  told: readonly string[],
): Promise<readonly string[]> => {
  const { rows } = await db.query<{ values: Json }>(
    `select after as values from satchel.audit where after is not null
     union all select before from satchel.audit where before is not null
     union all select client from satchel.conflicts where client is not null`,
  );
  const found = new Set<string>();
  const gather = (value: Json): void => {
    if (typeof value === 'string') found.add(value.replace(/^loose /, ''));
    else if (Array.isArray(value)) value.forEach(gather);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(gather);
  };
  for (const { values } of rows) gather(values);
  return written.filter((value) => !found.has(value) && !told.some((text) => text.includes(`${value}"`)));
};
