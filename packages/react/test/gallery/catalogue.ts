import { COMPONENT_STATES, type ComponentName } from '../../src/index.ts';
import { conflictDrawings } from './conflict-drawings.tsx';
import type { Drawing, Drawings } from './drawings.tsx';
import { statusDrawings } from './status-drawings.tsx';
import { workDrawings } from './work-drawings.tsx';

const drawings: Drawings = { ...conflictDrawings, ...statusDrawings, ...workDrawings };

export const COMPONENTS = Object.keys(COMPONENT_STATES) as readonly ComponentName[];

export interface Shown {
  readonly component: ComponentName;
  readonly state: string;
  readonly name: string;
}

/** Every component in every state of the package's own list. */
export const shown: readonly Shown[] = COMPONENTS.flatMap((component) =>
  COMPONENT_STATES[component].map((state) => ({ component, state, name: `${component}-${state}` })),
);

export const drawingOf = ({ component, state }: Shown): Drawing => {
  const drawing = (drawings[component] as Readonly<Record<string, Drawing>>)[state];
  if (!drawing) throw new Error(`nothing draws ${component} in the state ${state}`);
  return drawing;
};
