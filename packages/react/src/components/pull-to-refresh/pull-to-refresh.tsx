import { type ReactElement, type ReactNode, useRef } from 'react';
import type { TextName } from '../../texts/text.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { type PullState, usePullToRefresh } from './use-pull-to-refresh.ts';

const SAYS: Readonly<Record<PullState, TextName>> = {
  idle: 'pullDown',
  pulling: 'pullDown',
  ready: 'pullRelease',
  refreshing: 'pullRefreshing',
  done: 'pullDone',
  failed: 'pullFailed',
};

/** A list that is brought up to date by pulling it down, or by the button that stands above it. */
export const PullToRefresh = ({
  label,
  children,
}: {
  /** What is in it, for those who cannot see it. */
  readonly label: string;
  readonly children: ReactNode;
}): ReactElement => {
  const scroller = useRef<HTMLElement>(null);
  const { atTop, handlers, pulled, refresh, state } = usePullToRefresh(scroller);
  const { t, root } = useTexts();
  return (
    <section
      ref={scroller}
      className="satchel satchel-pull"
      data-state={state}
      data-at-top={atTop || undefined}
      aria-label={label}
      {...root}
      {...handlers}
    >
      <div className="satchel-pull-head" style={{ paddingBlockStart: pulled }}>
        <span role="status">{t(SAYS[state])}</span>
        <Button look="quiet" icon="refresh" busy={state === 'refreshing'} onClick={refresh}>
          {t('refresh')}
        </Button>
      </div>
      {children}
    </section>
  );
};
