import type { QuarantineEntry } from '@satchel/client';
import type { Column } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import { useState } from 'react';
import { useQuarantine } from '../../hooks/use-outbox.ts';
import { useSatchel } from '../../provider.tsx';
import { inputKind, typedText, typedValue } from '../conflict-resolver/value-text.ts';
import { giveFile } from '../parts/give-text.ts';
import { useWork, type Work } from '../parts/use-work.ts';

export interface EditableField {
  /** Index of the change in its mutation. */
  readonly change: number;
  readonly name: string;
  readonly table: string;
  readonly column: Column | undefined;
  readonly text: string;
  /** The server named this field as what is wrong. */
  readonly isNamed: boolean;
  /** What is typed can be sent. */
  readonly isGood: boolean;
}

export interface QuarantineModel {
  readonly fields: readonly EditableField[];
  readonly edit: (field: EditableField, text: string) => void;
  readonly isGood: boolean;
  readonly send: Work;
  readonly export: Work;
  readonly discard: Work;
}

/** One refused change: what can be corrected, sent again, exported and discarded. */
export const useQuarantineEntry = ({ changes, mutationId, problem }: QuarantineEntry): QuarantineModel => {
  const { app } = useSatchel();
  const { retry, exportOne, discard } = useQuarantine();
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  // One column, or several: a list, or a text with commas between.
  const named = [problem.params.column, problem.params.columns]
    .flat()
    .flatMap((names) => (typeof names === 'string' ? names.split(/,\s*/) : []));
  const nameOf = (change: number, name: string): string => `${change} ${name}`;
  const fields = changes.flatMap(({ op, table, values }, change): EditableField[] => {
    if (op === 'delete') return [];
    return Object.entries(values ?? {}).flatMap(([name, value]): EditableField[] => {
      const column = app.tables[table]?.columns[name];
      const kind = inputKind(column, value as Json);
      if (kind === 'none' || kind === 'boolean') return [];
      const text = texts[nameOf(change, name)] ?? typedText(value as Json);
      return [
        {
          change,
          name,
          table,
          column,
          text,
          isNamed: named.includes(name) && (problem.params.table ?? table) === table,
          isGood: typedValue(text, column) !== undefined,
        },
      ];
    });
  });
  const edits = () =>
    changes.flatMap((_, change) => {
      const values = fields
        .filter((field) => field.change === change && texts[nameOf(change, field.name)] !== undefined)
        .map(({ column, name, text }) => [name, typedValue(text, column) ?? null] as const);
      return values.length === 0 ? [] : [{ change, values: Object.fromEntries(values) }];
    });
  return {
    fields,
    edit: ({ change, name }, text) => setTexts((before) => ({ ...before, [nameOf(change, name)]: text })),
    isGood: fields.every(({ isGood }) => isGood),
    send: useWork(() => retry(mutationId, edits())),
    export: useWork(async () => giveFile(`${mutationId}.json`, await exportOne(mutationId))),
    discard: useWork(() => discard(mutationId)),
  };
};
