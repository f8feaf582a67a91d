import { type RefObject, useEffect, useState } from 'react';

const isAtTop = (element: HTMLElement | null): boolean =>
  (element?.scrollTop ?? 0) <= 0 && (document.scrollingElement?.scrollTop ?? 0) <= 0;

/**
 * Whether neither the element nor the page is scrolled: only then does a finger that
 * comes down pull, else it scrolls. A browser decides about a touch before it tells of
 * it, so this has to be known before.
 */
export const useAtTop = (scroller: RefObject<HTMLElement | null>): boolean => {
  const [atTop, setAtTop] = useState(true);
  useEffect(() => {
    const element = scroller.current;
    const look = (): void => setAtTop(isAtTop(element));
    look();
    element?.addEventListener('scroll', look, { passive: true });
    document.addEventListener('scroll', look, { passive: true });
    return () => {
      element?.removeEventListener('scroll', look);
      document.removeEventListener('scroll', look);
    };
  }, [scroller]);
  return atTop;
};
