import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import { useSatchel } from '../../provider.tsx';
import type { SatchelClient } from '../../satchel-client.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { type Toast, ToastList } from './toast-list.ts';

const lists = new WeakMap<SatchelClient, ToastList>();
const listOf = (db: SatchelClient): ToastList => {
  const known = lists.get(db) ?? new ToastList();
  lists.set(db, known);
  return known;
};

export interface Toasts {
  readonly shown: readonly Toast[];
  /** "Report created! Will sync when online.": something new was saved here. */
  readonly created: (what: string) => void;
  readonly saved: (what: string) => void;
  readonly received: (what: string) => void;
  readonly say: (text: string, tone?: Toast['tone']) => void;
  readonly dismiss: (id: number) => void;
}

/** Short messages; those of one database are shown by its `Toaster`. */
export const useToasts = (): Toasts => {
  const list = listOf(useSatchel());
  const { t } = useTexts();
  const shown = useSyncExternalStore(list.subscribe, list.get, list.get);
  // The same functions whatever is shown: effects may depend on them.
  const actions = useMemo(() => {
    const say = (text: string, tone: Toast['tone'] = 'neutral'): void => {
      list.show({ text, tone, stays: tone === 'bad' || tone === 'warning' });
    };
    return {
      created: (what: string) => say(t('toastCreated', { what }), 'good'),
      saved: (what: string) => say(t('toastSaved', { what }), 'good'),
      received: (what: string) => say(t('toastReceived', { what }), 'good'),
      say,
      dismiss: (id: number) => list.dismiss(id),
    };
  }, [list, t]);
  return { shown, ...actions };
};

/** Says by itself what changed in sync: the network is back, all was sent, something needs attention. */
export const useSyncToasts = (): void => {
  const status = useSyncStatus();
  const { say } = useToasts();
  const { t } = useTexts();
  const before = useRef(status);
  useEffect(() => {
    const was = before.current;
    before.current = status;
    if (!was || !status || was === status) return;
    if (!was.online && status.online) say(t('toastBackOnline'), 'good');
    if (was.pending > 0 && status.pending === 0 && status.quarantined === was.quarantined)
      say(t('toastAllSent'), 'good');
    if (status.openConflicts > was.openConflicts || status.quarantined > was.quarantined)
      say(t('toastAttention'), 'warning');
  }, [status, say, t]);
};
