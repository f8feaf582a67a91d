import type { RefusedWrite } from '@satchel/client';
import { sqlToColumn } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import { humanize } from '../../texts/humanize.ts';
import type { TextName } from '../../texts/text.ts';
import type { Words } from '../../texts/use-texts.ts';

export interface WriteText {
  /** Of its statement in the write. */
  readonly position: number;
  /** "New · Products", or the name of a function. */
  readonly title: string;
  /** What was given, as one line. */
  readonly values: string;
}

/** Values that are told of one statement. */
const SHOWN = 6;

const OPS: Readonly<Record<string, TextName>> = {
  insert: 'opInsert',
  replace: 'opInsert',
  update: 'opUpdate',
  delete: 'opDelete',
};
const TARGET = /^\s*(insert|replace|update|delete)\s+(?:or\s+\w+\s+)?(?:into\s+|from\s+)?["`[]?(\w+)/i;
/** Ids of rows say nothing to a person. */
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const plain = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

const shown = (values: readonly Json[]): string =>
  values
    .filter((value) => value !== null && value !== '' && !(typeof value === 'string' && ID.test(value)))
    .slice(0, SHOWN)
    .map(plain)
    .join(' · ');

const isRecord = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a saved write would have done, as far as its statements tell: for a person to know it again. */
export const writeTexts = ({ args, method }: RefusedWrite, { t, table }: Words): readonly WriteText[] => {
  const [first, second] = args;
  if (method === 'run')
    return [
      {
        position: 0,
        title: humanize(String(first)),
        values: isRecord(second)
          ? Object.entries(second)
              .map(([name, value]) => `${humanize(name)} ${plain(value)}`)
              .join(' · ')
          : shown(second === undefined ? [] : [second]),
      },
    ];
  return (Array.isArray(first) ? first : []).flatMap((statement, position): WriteText[] => {
    if (!isRecord(statement) || typeof statement.sql !== 'string') return [];
    const [, op = '', name = ''] = TARGET.exec(statement.sql) ?? [];
    const known = OPS[op.toLowerCase()];
    return [
      {
        position,
        title: known === undefined ? t('opUpdate') : `${t(known)} · ${table(sqlToColumn(name))}`,
        values: shown(Array.isArray(statement.parameters) ? statement.parameters : []),
      },
    ];
  });
};
