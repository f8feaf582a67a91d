import type { Engine } from '../../engine.ts';

/** Methods that change nothing: they may be asked twice. */
const READS: ReadonlySet<string> = new Set<keyof Engine>([
  'all',
  'tablesRead',
  'outbox',
  'cursor',
  'quarantine',
  'quarantineExport',
  'exportPending',
  'conflicts',
  'rowState',
  'digests',
  'compareVersions',
  'facts',
  'runs',
  'usage',
  'getSetting',
]);

export const isRead = (method: string): boolean => READS.has(method);

/** What a tab may save while its leader is silent: writes of the app itself. */
export const isJournaled = (method: string): method is 'write' | 'run' =>
  method === 'write' || method === 'run';
