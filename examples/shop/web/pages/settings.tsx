import {
  ConflictInbox,
  DataUsage,
  PendingChanges,
  Quarantine,
  SyncSettings,
  useConflicts,
  useSyncStatus,
} from '@satchel/react';
import { type Session, WindowSettings } from '@satchel-examples/web-front/browser';
import type { ReactElement } from 'react';

/** All about sync and this window in one place: what needs somebody first, and only if it does. */
export const Settings = ({ session }: { readonly session: Session }): ReactElement => {
  const { open, settled } = useConflicts();
  const status = useSyncStatus();
  // What the server refused, and what was saved beside another tab and refused here.
  const refused = (status?.quarantined ?? 0) + (status?.tab?.refused ?? 0);
  return (
    <div className="two">
      <div className="stack">
        {open.length + settled.length > 0 ? <ConflictInbox /> : null}
        {refused > 0 ? <Quarantine /> : null}
        <PendingChanges />
        <WindowSettings session={session} />
        <DataUsage />
      </div>
      <SyncSettings choosesTables />
    </div>
  );
};
