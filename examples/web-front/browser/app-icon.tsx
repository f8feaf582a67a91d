import type { ReactElement } from 'react';

/** Shapes of the apps on a grid of 24, in the strokes of the package's own icons. */
const SHAPES = {
  basket: 'M4 9h16l-1.6 10.5H5.6zM8.5 9 12 3.5 15.5 9M9.5 12.5v4M14.5 12.5v4',
  box: 'M12 3 4 7v10l8 4 8-4V7zM4 7l8 4 8-4M12 11v10',
  people:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20a6.5 6.5 0 0 1 13 0M16 4.4a3.5 3.5 0 0 1 0 6.4M18 14.5a6.5 6.5 0 0 1 3.5 5.5',
  chart: 'M4 20V4M4 20h16M8.5 16v-4M13 16V7.5M17.5 16v-6',
  gear: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5',
  leaf: 'M5 19C4 10 10 4.5 20 4c.5 10-5 16-14 14.5M5 19c2-5 5.5-8 10-10M5 19l-1.5 2',
  bell: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 2h-15zM10 21h4M12 5V3',
  scale: 'M12 3.5V20M7 20h10M5 6.5h14M5 6.5 2.5 13a3 3 0 0 0 5 0zM19 6.5 16.5 13a3 3 0 0 0 5 0z',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l4.5 4.5',
  warning: 'M12 3.5 21.5 20h-19zM12 10v4.5M12 17.2v.1',
  critical: 'M8.2 3h7.6L21 8.2v7.6L15.8 21H8.2L3 15.8V8.2zM12 7.5v6M12 16.5v.1',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5.5M12 7.7v.1',
} as const;

export type AppIconName = keyof typeof SHAPES;

/** An icon beside its text. */
export const AppIcon = ({ name }: { readonly name: AppIconName }): ReactElement => (
  <svg
    className="icon"
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
