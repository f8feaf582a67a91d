import type { ReactElement } from 'react';

/** A number between one less and one more. */
export const Count = ({
  n,
  less,
  more,
  change,
}: {
  readonly n: number;
  /** What the buttons are called for those who cannot see what they stand beside. */
  readonly less: string;
  readonly more: string;
  readonly change: (by: number) => void;
}): ReactElement => (
  <span className="count">
    <button type="button" aria-label={less} onClick={() => change(-1)}>
      −
    </button>
    <b>{n}</b>
    <button type="button" aria-label={more} onClick={() => change(1)}>
      +
    </button>
  </span>
);
