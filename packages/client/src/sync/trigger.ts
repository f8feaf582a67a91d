/** What starts a run of the sync loop. */
export type Trigger =
  | 'start'
  | 'network'
  | 'foreground'
  | 'schedule'
  | 'write'
  | 'poke'
  | 'retry'
  | 'live'
  | 'conflict'
  | 'token'
  | 'hand';
