import { DataUsage, PendingChanges, Quarantine, SyncSettings } from '@satchel/react';
import { type Session, WindowSettings } from '@satchel-examples/web-front/browser';
import type { ReactElement } from 'react';

/** All about sync and this window in one place: what needs somebody first. */
export const Settings = ({ session }: { readonly session: Session }): ReactElement => (
  <div className="two">
    <div className="stack">
      <Quarantine />
      <PendingChanges />
      <WindowSettings session={session} />
    </div>
    <div className="stack">
      <SyncSettings />
      <DataUsage />
    </div>
  </div>
);
