import { type PointerEvent, type RefObject, useRef, useState } from 'react';
import { useSatchel } from '../../provider.tsx';
import { useAtTop } from './use-at-top.ts';

/** Pixels to pull before letting go refreshes. */
export const PULL_FAR_ENOUGH = 72;
/** Pixels that it gives at most. */
const PULL_MOST = 120;

export const PULL_STATES = ['idle', 'pulling', 'ready', 'refreshing', 'done', 'failed'] as const;
export type PullState = (typeof PULL_STATES)[number];

export interface PullToRefreshModel {
  readonly state: PullState;
  /** Nothing is scrolled: a finger that comes down pulls. */
  readonly atTop: boolean;
  /** Pixels pulled, 0 to 120. */
  readonly pulled: number;
  readonly refresh: () => void;
  readonly handlers: {
    readonly onPointerDown: (event: PointerEvent) => void;
    readonly onPointerMove: (event: PointerEvent) => void;
    readonly onPointerUp: () => void;
    readonly onPointerCancel: () => void;
  };
}

/** Pulling a list down, or pressing its button, brings it up to date; it ends when it is, not after a delay. */
export const usePullToRefresh = (scroller: RefObject<HTMLElement | null>): PullToRefreshModel => {
  const db = useSatchel();
  const from = useRef<number | null>(null);
  const atTop = useAtTop(scroller);
  const [pulled, setPulled] = useState(0);
  const [ended, setEnded] = useState<'idle' | 'refreshing' | 'done' | 'failed'>('idle');
  const refresh = (): void => {
    if (ended === 'refreshing') return;
    setEnded('refreshing');
    db.sync.now().then(
      (run) => setEnded(run && !run.problem ? 'done' : 'failed'),
      () => setEnded('failed'),
    );
  };
  const letGo = (): void => {
    if (from.current !== null && pulled >= PULL_FAR_ENOUGH) refresh();
    from.current = null;
    setPulled(0);
  };
  const pulling = pulled > 0;
  return {
    state:
      ended === 'refreshing' ? ended : pulling ? (pulled >= PULL_FAR_ENOUGH ? 'ready' : 'pulling') : ended,
    atTop,
    pulled,
    refresh,
    handlers: {
      onPointerDown: (event) => {
        if (event.isPrimary && atTop) from.current = event.clientY;
      },
      onPointerMove: (event) => {
        if (from.current === null) return;
        const way = event.clientY - from.current;
        // Half as far as the finger: it feels like a spring.
        setPulled(Math.max(0, Math.min(PULL_MOST, way / 2)));
      },
      onPointerUp: letGo,
      onPointerCancel: () => {
        from.current = null;
        setPulled(0);
      },
    },
  };
};
