import type { ReactElement, ReactNode } from 'react';
import type { ComponentName, Preset, StateOf } from '../../src/index.ts';
import { type Scene, scene } from './scene.ts';

/** How one state of one component is brought about. */
export interface Drawing {
  readonly element: ReactNode;
  readonly scene: Scene;
  readonly preset: Preset;
  /** What a person does, where the state comes of that. */
  readonly act?: (root: HTMLElement) => void;
}

export type DrawingsOf<C extends ComponentName> = { readonly [S in StateOf<C>]: Drawing };
/** One drawing for each state of each component: a missing one does not compile. */
export type Drawings = { readonly [C in ComponentName]: DrawingsOf<C> };

type Over = Parameters<typeof scene>[0];

export const draw = (
  element: ReactElement,
  over: Over = {},
  more: Partial<Pick<Drawing, 'preset' | 'act'>> = {},
): Drawing => ({ element, scene: scene(over), preset: 'plain', ...more });

/** One drawing for each of a list. */
export const drawEach = <M extends string, S extends string>(
  members: readonly M[],
  nameOf: (member: M) => S,
  make: (member: M) => Drawing,
): { readonly [state in S]: Drawing } =>
  Object.fromEntries(members.map((member) => [nameOf(member), make(member)])) as {
    readonly [state in S]: Drawing;
  };

/** Presses the button with the text, as it is in the language of the page. */
export const press =
  (selector: string) =>
  (root: HTMLElement): void =>
    root.querySelector<HTMLElement>(selector)?.click();
