import { useConflicts, useTexts } from '@satchel/react';
import { type FrontProps, Shell, usePage } from '@satchel-examples/web-front/browser';
import type { ReactElement } from 'react';
import { useQuery } from './hooks.ts';
import { Alerts } from './pages/alerts.tsx';
import { Crops } from './pages/crops.tsx';
import { Market } from './pages/market.tsx';
import { Settings } from './pages/settings.tsx';
import { useSay } from './texts.ts';

/** The whole app: what wants a decision, what wants to be read, what things cost. */
export const Farm = ({ network, session }: FrontProps): ReactElement => {
  const say = useSay();
  const page = usePage(['crops', 'alerts', 'market', 'settings']);
  const { id } = session.user;
  const { person } = useTexts();
  const { rows: unread } = useQuery<{ readonly n: number }>({
    sql: 'select count(*) as n from alerts where acknowledged_at is null',
  });
  return (
    <Shell
      title={say('title')}
      person={person(id)}
      network={network}
      page={page}
      reviewPage="crops"
      pages={[
        { name: 'crops', label: say('crops'), icon: 'leaf', waiting: useConflicts().open.length },
        { name: 'alerts', label: say('alerts'), icon: 'bell', waiting: unread[0]?.n ?? 0 },
        { name: 'market', label: say('market'), icon: 'scale' },
        { name: 'settings', label: say('settings'), icon: 'gear' },
      ]}
    >
      {page === 'crops' ? <Crops /> : null}
      {page === 'alerts' ? <Alerts userId={id} /> : null}
      {page === 'market' ? <Market /> : null}
      {page === 'settings' ? <Settings session={session} /> : null}
    </Shell>
  );
};
