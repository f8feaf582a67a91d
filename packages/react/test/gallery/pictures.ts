import { readFileSync } from 'node:fs';
import { COMPONENT_STATES, type ComponentName } from '../../src/index.ts';

/** Components that are too large for a sheet, or lie over the page: each state has a picture of its own. */
export const ALONE: readonly ComponentName[] = [
  'ClearCache',
  'ConflictDialog',
  'ConflictResolver',
  'SyncSettings',
];
/** States that are shown on a phone too. */
export const ON_A_PHONE = [
  'ConflictResolver-preset-plain',
  'SyncIndicator-farm-error',
  'PendingChanges-some',
] as const;

export const COMPONENTS = Object.keys(COMPONENT_STATES) as readonly ComponentName[];

/** Names of the pictures of a component, without their ending. */
export const picturesOf = (component: ComponentName): readonly string[] => [
  ...(ALONE.includes(component)
    ? COMPONENT_STATES[component].map((state) => `${component}-${state}`)
    : [component]),
  ...ON_A_PHONE.filter((name) => name.startsWith(`${component}-`)).map((name) => `${name}-phone`),
];

const source = (path: string): string => readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8');

/** The comment above a component, by the file that the package's entry exports it from. */
const saysOf = (component: ComponentName): string => {
  const file = [...source('index.ts').matchAll(/export \{([^}]+)\} from '\.\/([^']+)'/g)].find(([, names]) =>
    names?.split(',').some((name) => name.trim() === component),
  )?.[2];
  const comment = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*export const ${component}\\b`).exec(
    source(file ?? 'index.ts'),
  )?.[1];
  if (!comment) throw new Error(`${component} has no comment`);
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trim())
    .filter((line) => line !== '')
    .join(' ');
};

const section = (component: ComponentName): string =>
  [
    `## ${component}`,
    saysOf(component),
    `States: ${COMPONENT_STATES[component].map((state) => `\`${state}\``).join(', ')}.`,
    ...picturesOf(component).map((name) => `![${name}](../pictures/components/${name}.png)`),
  ].join('\n\n');

/** `docs/guides/components.md`. */
export const componentsGuide = (): string =>
  `${[
    '# Components in pictures',
    'Each component of `@satchel/react` in each state of `COMPONENT_STATES`, as the tests draw, check and photograph them. [react.md](react.md) tells how they are used.',
    ...COMPONENTS.map(section),
  ].join('\n\n')}\n`;
