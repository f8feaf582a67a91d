import { ConflictInbox, DataUsage, PendingChanges, Quarantine, SyncSettings } from '@satchel/react';
import type { ReactElement } from 'react';

/** All about sync in one place: what needs somebody first. */
export const Sync = (): ReactElement => (
  <div className="two">
    <div className="stack">
      <ConflictInbox />
      <Quarantine />
      <PendingChanges />
    </div>
    <div className="stack">
      <SyncSettings />
      <DataUsage />
    </div>
  </div>
);
