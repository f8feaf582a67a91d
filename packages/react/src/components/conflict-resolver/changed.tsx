import type { Json } from '@satchel/protocol';
import type { ReactElement, ReactNode } from 'react';
import { useTexts } from '../../texts/use-texts.ts';
import { type ConflictField, same } from './resolution.ts';
import { differing, valueText } from './value-text.ts';

/** One side's value of a field, with what differs from before marked. */
export const Changed = ({
  field: { base, column },
  value,
}: {
  readonly field: ConflictField;
  readonly value: Json | undefined;
}): ReactElement => {
  const words = useTexts();
  if (Array.isArray(value) && value.length > 0 && Array.isArray(base))
    return (
      <span className="satchel-value">
        <Items items={value} base={base} />
      </span>
    );
  const { start, mark, end } = differing(valueText(base, column, words), valueText(value, column, words));
  return (
    <span className="satchel-value">
      {start}
      {mark === '' ? null : <mark>{mark}</mark>}
      {end}
    </span>
  );
};

/** A list as its language writes one; what was not in it before is marked. */
const Items = ({
  items,
  base,
}: {
  readonly items: readonly Json[];
  readonly base: readonly Json[];
}): ReactNode => {
  const { listParts } = useTexts();
  const texts = items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
  let at = 0;
  return listParts(texts).map(({ isItem, text }, position) => {
    const isNew = isItem && !base.some((one) => same(one, items[at]));
    if (isItem) at += 1;
    const name = `${position} ${text}`;
    return isNew ? <mark key={name}>{text}</mark> : text;
  });
};
