import type { Conflict, Problem, ResolveRequest } from '@satchel/protocol';
import { useMemo, useState } from 'react';
import { useConflicts } from '../../hooks/use-conflicts.ts';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import { PRESET_WORDS } from '../../presets.ts';
import { useSatchel, useSettingsOfProvider } from '../../provider.tsx';
import type { TextName } from '../../texts/text.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { useWork } from '../parts/use-work.ts';
import { DECISION_SAYS } from './decision-says.ts';
import {
  type Choice,
  type Choices,
  type ConflictField,
  fieldsOf,
  leftToDecide,
  mergeAnswer,
  mergedChoices,
  requestOf,
  resultOf,
} from './resolution.ts';
import { valueText } from './value-text.ts';

export interface ConflictModel {
  readonly conflict: Conflict;
  readonly title: string;
  readonly body: string;
  readonly fields: readonly ConflictField[];
  readonly choices: Choices;
  readonly choose: (field: ConflictField, choice: Choice) => void;
  /** Fields that are not decided yet, of those that a side changed. */
  readonly left: number;
  readonly toDecide: number;
  /** What happened last, for a live region. */
  readonly said: string;
  /** The change was made on this device, and not on another one whose conflict this person decides. */
  readonly isOwn: boolean;
  /** What the side of the device is called. */
  readonly deviceLabel: string;
  /** Who deleted, where one side did. */
  readonly deletedBy: 'device' | 'server' | null;
  readonly merge: { readonly may: boolean; readonly why: string };
  readonly words: { readonly keepLocal: TextName; readonly useServer: TextName; readonly merge: TextName };
  readonly online: boolean;
  readonly busy: boolean;
  readonly problem: Problem | null;
  readonly keepLocal: () => void;
  readonly useServer: () => void;
  readonly mergeBoth: () => void;
  readonly saveChoices: () => void;
  readonly escalate: (note: string) => void;
  readonly undo: () => void;
}

const PLAIN_WORDS = {
  conflictTitle: 'conflictTitle',
  conflictBody: 'conflictBody',
  keepLocal: 'keepLocal',
  useServer: 'useServer',
  merge: 'merge',
} as const;

const deletedBy = ({ client, kind, server }: Conflict): 'device' | 'server' | null => {
  if (kind !== 'delete') return null;
  return client === null ? 'device' : server === null ? 'server' : null;
};

/** One conflict and what a person may do about it. `conflict` may be an older record: the newest is shown. */
export const useConflictResolver = (
  given: Conflict,
  decided: (conflict: Conflict) => void = () => {},
): ConflictModel => {
  const { app, clientId } = useSatchel();
  const { preset } = useSettingsOfProvider();
  const { open, resolve, settled, undo } = useConflicts();
  const texts = useTexts();
  const { t, table, field, list, person } = texts;
  const online = useSyncStatus()?.online ?? false;
  const conflict = [...open, ...settled].find(({ conflictId }) => conflictId === given.conflictId) ?? given;
  const [choices, setChoices] = useState<Choices>({});
  const [said, say] = useState('');
  const fields = useMemo(() => fieldsOf(conflict, app.tables[conflict.table]), [conflict, app]);
  const {
    busy,
    problem,
    start: go,
  } = useWork(async (request: ResolveRequest | 'undo') => {
    const { conflictId } = conflict;
    const after = request === 'undo' ? await undo(conflictId) : await resolve(conflictId, request);
    say(t(request === 'undo' ? 'undone' : DECISION_SAYS[request.decision]));
    if (request === 'undo') setChoices({});
    decided(after);
  });
  const toDecide = fields.filter(({ changed, clashes }) => changed || clashes).length;
  const choose = (chosen: ConflictField, choice: Choice): void => {
    const next = { ...choices, [chosen.name]: choice };
    setChoices(next);
    const value = valueText(resultOf(chosen, choice), chosen.column, texts);
    const left = t('leftToDecide', { n: leftToDecide(fields, next), m: toDecide });
    say(`${field(conflict.table, chosen.name)}: ${value}. ${left}`);
  };
  const words = preset === 'plain' ? PLAIN_WORDS : PRESET_WORDS[preset];
  const deleted = deletedBy(conflict);
  const isOwn = conflict.clientId === undefined || conflict.clientId === clientId;
  const answer = mergeAnswer(conflict, fields);
  const name = table(conflict.table);
  const bodyOf = (): string => {
    switch (conflict.kind) {
      case 'delete':
        if (isOwn) return t(deleted === 'device' ? 'deletedHere' : 'deletedOnServer');
        return t(deleted === 'device' ? 'deletedBy' : 'deletedWhileEdited', { who: person(conflict.author) });
      case 'unique':
        return t('uniqueBody');
      case 'insert':
        return t('insertBody');
      case 'schema':
        return t('schemaBody');
      case 'update':
        return t(isOwn ? words.conflictBody : 'farmConflictBody', { table: name });
    }
  };
  return {
    conflict,
    title: t(words.conflictTitle),
    body: bodyOf(),
    fields,
    choices,
    choose,
    left: leftToDecide(fields, choices),
    toDecide,
    said,
    isOwn,
    deviceLabel: isOwn ? t('colDevice') : (conflict.deviceName ?? t('colOtherDevice')),
    deletedBy: deleted,
    merge: answer.may
      ? { may: true, why: t(answer.because === 'lists' ? 'mergeLists' : 'mergeReady') }
      : {
          may: false,
          why:
            answer.because === 'same-field'
              ? t('mergeSameField', { fields: list(answer.fields.map((one) => field(conflict.table, one))) })
              : t('mergeNeedsBoth'),
        },
    words:
      deleted === 'server'
        ? { keepLocal: isOwn ? 'keepEdit' : 'keepThatEdit', useServer: 'acceptDelete', merge: words.merge }
        : deleted === 'device'
          ? { keepLocal: 'deleteAnyway', useServer: 'keepRecord', merge: words.merge }
          : words,
    online,
    busy,
    problem,
    keepLocal: () => go({ decision: 'accept-client' }),
    useServer: () => go({ decision: 'accept-server' }),
    mergeBoth: () => go(requestOf(fields, mergedChoices(fields))),
    saveChoices: () => go(requestOf(fields, choices)),
    escalate: (note) => go({ decision: 'escalated', ...(note === '' ? {} : { note }) }),
    undo: () => go('undo'),
  };
};
