import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { PHASES, WAITING_FOR } from '@satchel/core';
import { conflictKindSchema, DECISIONS } from '@satchel/protocol';
import { describe, expect, it } from 'vitest';
import * as react from '../../src/index.ts';
import { BADGE_STATES, COMPONENT_STATES, PENDING_STATES, PRESETS, TONES } from '../../src/index.ts';
import { drawingOf, shown } from './catalogue.ts';
import { COMPONENTS, componentsGuide, picturesOf } from './pictures.ts';

const folder = new URL('../../../../docs/', import.meta.url);
/** Draws nothing of its own. */
const NOT_DRAWN = ['SatchelProvider'];

describe('the states of the components', () => {
  it('[REACT-32] are listed for every component that the package exports', () => {
    const exported = Object.entries(react)
      .filter(([name, value]) => typeof value === 'function' && /^[A-Z][a-z]/.test(name))
      .map(([name]) => name)
      .filter((name) => !NOT_DRAWN.includes(name));
    expect(exported.length).toBeGreaterThan(18);
    expect(Object.keys(COMPONENT_STATES).sort()).toEqual(exported.sort());
  });

  const unions = [
    ['SyncIndicator', PRESETS.flatMap((preset) => PHASES.map((phase) => `${preset}-${phase}`))],
    ['SyncIndicator', WAITING_FOR.map((why) => `waits-for-${why}`)],
    ['RecordBadge', PRESETS.flatMap((preset) => BADGE_STATES.map((state) => `${preset}-${state}`))],
    ['PendingChanges', PENDING_STATES],
    ['PullToRefresh', ['idle', 'pulling', 'ready', 'refreshing', 'done', 'failed']],
    ['Toaster', TONES],
    ['ConflictResolver', conflictKindSchema.options.map((kind) => `kind-${kind}`)],
    ['ConflictResolver', DECISIONS.map((decision) => `decided-${decision}`)],
    ['ConflictResolver', PRESETS.map((preset) => `preset-${preset}`)],
  ] as const;
  it.each(unions)('[REACT-32] of %s have each member of what they are switched on', (component, members) => {
    const states: readonly string[] = COMPONENT_STATES[component];
    expect(members.filter((member) => !states.includes(member))).toEqual([]);
  });

  it('[REACT-32] are each drawn, and none twice', () => {
    expect(new Set(shown.map(({ name }) => name)).size).toBe(shown.length);
    for (const one of shown) expect(drawingOf(one).element, one.name).toBeTruthy();
  });
});

describe('the pictures', () => {
  it('[REACT-31] are there for each component, and no others; the guide shows them', () => {
    const wanted = COMPONENTS.flatMap(picturesOf).map((name) => `${name}.png`);
    expect(readdirSync(new URL('pictures/components/', folder)).sort()).toEqual(wanted.sort());
    expect(existsSync(new URL('guides/components.md', folder))).toBe(true);
    expect(readFileSync(new URL('guides/components.md', folder), 'utf8')).toBe(componentsGuide());
  });
});
