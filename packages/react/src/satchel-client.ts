import type { Satchel } from '@satchel/client';
import type { App } from '@satchel/schema';

/** What hooks and components use of a `Satchel`; a database opened by `openSatchel` is one. */
export type SatchelClient<A extends App = App> = Pick<
  Satchel<A>,
  | 'app'
  | 'all'
  | 'clear'
  | 'clientId'
  | 'conflicts'
  | 'history'
  | 'journal'
  | 'live'
  | 'onStatus'
  | 'outbox'
  | 'perform'
  | 'quarantine'
  | 'rowState'
  | 'run'
  | 'settings'
  | 'status'
  | 'sync'
  | 'usage'
  | 'verify'
  | 'write'
>;
