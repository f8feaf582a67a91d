import { DataUsage, PendingChanges, Quarantine, SyncSettings, useSyncStatus } from '@satchel/react';
import { type Session, WindowSettings } from '@satchel-examples/web-front/browser';
import type { ReactElement } from 'react';

/** All about sync and this window in one place: what needs somebody first, and only if it does. */
export const Settings = ({ session }: { readonly session: Session }): ReactElement => {
  const refused = useSyncStatus()?.quarantined ?? 0;
  return (
    <div className="two">
      <div className="stack">
        {refused > 0 ? <Quarantine /> : null}
        <PendingChanges />
        <WindowSettings session={session} />
        <DataUsage />
      </div>
      <SyncSettings />
    </div>
  );
};
