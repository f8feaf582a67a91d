import type { ReactElement } from 'react';

/** Shapes on a grid of 24, drawn with the colour of the text around them. */
const SHAPES = {
  synced: 'M5 12.5 10 17.5 19.5 7',
  syncing: 'M20 11a8 8 0 0 0-14.3-4L3.5 9.2M3.5 4v5.2h5.2M4 13a8 8 0 0 0 14.3 4l2.2-2.2M20.5 20v-5.2h-5.2',
  offline:
    'M3 3l18 18M8.5 8.6A6 6 0 0 0 6 9a4.5 4.5 0 0 0 .5 9H17M20 17.2A4.5 4.5 0 0 0 18 9a6.5 6.5 0 0 0-6.6-3.4',
  error: 'M12 3.5 21.5 20h-19zM12 10v4.5M12 17.2v.1',
  failed: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.8 8.8l6.4 6.4M15.2 8.8l-6.4 6.4',
  conflict: 'M7 4v9a4 4 0 0 0 4 4h6M17 4v3a4 4 0 0 1-4 4H7M14 14l3 3-3 3M4.5 6.5 7 4l2.5 2.5',
  paused: 'M9 5v14M15 5v14',
  pending: 'M7 3h10M7 21h10M8 3v3.5c0 2.5 4 3.5 4 5.5s-4 3-4 5.5V21M16 3v3.5c0 2.5-4 3.5-4 5.5s4 3 4 5.5V21',
  unknown: 'M9 9a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.3M12 17.5v.1',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  device: 'M8 3h8v18H8zM11 18h2',
  server: 'M4 5h16v5H4zM4 14h16v5H4zM7.5 7.5v.1M7.5 16.5v.1',
  check: 'M5 12.5 10 17.5 19.5 7',
  close: 'M6 6l12 12M18 6 6 18',
  refresh: 'M20 11a8 8 0 1 0-2 6.3M20 5v6h-6',
  undo: 'M8 6 4 10l4 4M4 10h9.5a5.5 5.5 0 0 1 0 11H11',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4',
  trash: 'M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5M13.5 11v5',
  download: 'M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14',
  up: 'M12 20V5M6.5 10.5 12 5l5.5 5.5',
  down: 'M12 4v15M6.5 13.5 12 19l5.5-5.5',
  more: 'M6 9.5 12 15.5 18 9.5',
  next: 'M9.5 6 15.5 12 9.5 18',
  'sign-in': 'M13 4h6v16h-6M4 12h10M10.5 8.5 14 12l-3.5 3.5',
  history: 'M4 5v5h5M4.6 9.5A8 8 0 1 1 4 13M12 8v4.5l3 2',
  support: 'M4 13a8 8 0 0 1 16 0M4 13v3.5h3V13zM20 13v3.5h-3V13zM20 16.5c0 2.5-2 4-5 4h-2',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5M12 8v.1',
  plus: 'M12 5v14M5 12h14',
  wifi: 'M3 9.5a13 13 0 0 1 18 0M6.2 13a8.5 8.5 0 0 1 11.6 0M9.3 16.4a4 4 0 0 1 5.4 0M12 19.5v.1',
} as const;

export const ICON_NAMES = Object.keys(SHAPES) as readonly (keyof typeof SHAPES)[];
export type IconName = keyof typeof SHAPES;

/** An icon beside its text; it is never the only bearer of a meaning. */
export const Icon = ({
  name,
  turning = false,
}: {
  readonly name: IconName;
  readonly turning?: boolean;
}): ReactElement => (
  <svg
    className={turning ? 'satchel-icon satchel-turning' : 'satchel-icon'}
    data-icon={name}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    strokeWidth="2"
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    <path d={SHAPES[name]} />
  </svg>
);
