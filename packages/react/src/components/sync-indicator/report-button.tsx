import type { ReactElement } from 'react';
import { useSatchel, useSettingsOfProvider } from '../../provider.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { copyText } from '../parts/give-text.ts';
import { useWork } from '../parts/use-work.ts';
import { reportOf } from './report.ts';

/** Makes a report without personal data and hands it to `onReport`, or copies it. */
export const ReportButton = ({
  onReport,
}: {
  readonly onReport?: (report: string) => void;
}): ReactElement => {
  const db = useSatchel();
  const { now } = useSettingsOfProvider();
  const { t } = useTexts();
  const { busy, done, start } = useWork(async () => {
    const [status, runs] = await Promise.all([db.status(), db.history(10)]);
    const report = reportOf(status, runs, now(), db.clientId);
    if (onReport) onReport(report);
    else await copyText('report.json', report);
  });
  return (
    <>
      <Button icon="support" busy={busy} onClick={start}>
        {t('report')}
      </Button>
      <span role="status" className="satchel-said">
        {done ? t('reportDone') : ''}
      </span>
    </>
  );
};
