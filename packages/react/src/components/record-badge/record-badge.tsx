import type { ReactElement } from 'react';
import type { RecordName } from '../../hooks/use-record-state.ts';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { useRecordBadge } from './use-record-badge.ts';

export interface RecordBadgeProps {
  readonly table: string;
  readonly recordKey: string;
  /** Records that belong to it: the badge shows the gravest of all. */
  readonly parts?: readonly RecordName[];
  /** Part of its photos that is sent, 0 to 1. */
  readonly mediaProgress?: number;
}

/** Where one record stands: saved here, sending, received, or in need of somebody. */
export const RecordBadge = ({
  table,
  recordKey,
  parts = [],
  mediaProgress,
}: RecordBadgeProps): ReactElement | null => {
  const model = useRecordBadge({ table, key: recordKey }, ...parts);
  const { t, root } = useTexts();
  if (!model) return null;
  return (
    <span className={`satchel satchel-badge satchel-tone-${model.tone}`} {...root}>
      {model.sign === null ? <Icon name={model.icon} /> : <span aria-hidden="true">{model.sign}</span>}
      <span>{t(model.text)}</span>
      {mediaProgress !== undefined && mediaProgress < 1 ? (
        <span className="satchel-badge-media">
          {t('mediaProgress', { done: Math.round(mediaProgress * 100) })}
        </span>
      ) : null}
    </span>
  );
};
