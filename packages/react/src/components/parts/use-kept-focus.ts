import { type FocusEvent, type RefObject, useEffect, useRef } from 'react';

/**
 * Keeps the focus in a list whose items go when they are dealt with: the focus that
 * went with one of them goes to `home`, the heading of the list.
 */
export const useKeptFocus = (
  home: RefObject<HTMLElement | null>,
  items: number,
): { readonly onFocus: () => void; readonly onBlur: (event: FocusEvent) => void } => {
  const isInside = useRef(false);
  const before = useRef(items);
  useEffect(() => {
    const isFewer = items < before.current;
    before.current = items;
    // An element that is removed takes the focus along without a word.
    if (isFewer && isInside.current && document.activeElement === document.body) home.current?.focus();
  }, [items, home]);
  return {
    onFocus: () => {
      isInside.current = true;
    },
    onBlur: ({ currentTarget, relatedTarget }) => {
      isInside.current = relatedTarget instanceof Node && currentTarget.contains(relatedTarget);
    },
  };
};
