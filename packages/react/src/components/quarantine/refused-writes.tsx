import type { RefusedWrite } from '@satchel/client';
import { type ReactElement, useState } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { useRefusedWrites } from '../../hooks/use-refused-writes.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { giveFile } from '../parts/give-text.ts';
import { ProblemNote } from '../parts/problem-note.tsx';
import { useWork } from '../parts/use-work.ts';
import { DiscardDialog } from './discard-dialog.tsx';
import { writeTexts } from './write-text.ts';

/**
 * What this tab saved while another one held the database and did not answer, and the
 * database then did not take: what, why, and what a person can do about each.
 */
export const RefusedWrites = (): ReactElement | null => {
  const { entries } = useRefusedWrites();
  const { t, root } = useTexts();
  if (entries.length === 0) return null;
  return (
    <section className="satchel satchel-refused" aria-label={t('refusedTitle')} {...root}>
      <h3>{t('refusedTitle')}</h3>
      <p>{t('refusedBody')}</p>
      <ul className="satchel-list">
        {entries.map((entry) => (
          <RefusedItem key={entry.id} entry={entry} />
        ))}
      </ul>
    </section>
  );
};

const RefusedItem = ({ entry }: { readonly entry: RefusedWrite }): ReactElement => {
  const { discard, exportOne, retry } = useRefusedWrites();
  const words = useTexts();
  const now = useNow();
  const { t } = words;
  const [asking, setAsking] = useState(false);
  const retrying = useWork(() => retry(entry.id));
  const exporting = useWork(async () => giveFile('saved.json', await exportOne(entry.id)));
  const discarding = useWork(() => discard(entry.id));
  return (
    <li className="satchel-entry satchel-entry-tall">
      <div className="satchel-entry-head">
        <div className="satchel-entry-text">
          {writeTexts(entry, words).map(({ position, title, values }) => (
            <p key={position} className="satchel-change">
              <strong>{title}</strong>
              <span>{values}</span>
            </p>
          ))}
        </div>
        <span className="satchel-detail">{words.ago(entry.at, now)}</span>
      </div>
      <ProblemNote problem={entry.problem} />
      <div className="satchel-row">
        <Button look="main" icon="refresh" busy={retrying.busy} onClick={() => retrying.start()}>
          {t('retry')}
        </Button>
        <Button icon="download" busy={exporting.busy} onClick={() => exporting.start()}>
          {t('exportAction')}
        </Button>
        <Button look="danger" icon="trash" onClick={() => setAsking(true)}>
          {t('discard')}
        </Button>
      </div>
      {asking ? <DiscardDialog work={discarding} close={() => setAsking(false)} /> : null}
    </li>
  );
};
