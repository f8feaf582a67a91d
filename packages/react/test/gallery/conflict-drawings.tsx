import { type ConflictKind, conflictKindSchema } from '@satchel/protocol';
import { ConflictDialog, ConflictInbox, ConflictResolver, PRESETS } from '../../src/index.ts';
import { type Drawing, type Drawings, draw, drawEach } from './drawings.tsx';
import {
  conflict,
  deviceDeleted,
  escalated,
  inPhase,
  listConflict,
  ofAnotherDevice,
  schemaConflict,
  serverDeleted,
  settled,
  softConflict,
  uniqueConflict,
} from './samples.ts';

const nothing = (): void => {};

const OF_KIND: Readonly<Record<ConflictKind, ReturnType<typeof conflict>>> = {
  update: conflict('update'),
  delete: serverDeleted,
  insert: conflict('insert', { base: null }),
  unique: uniqueConflict,
  schema: schemaConflict,
};

const resolving = (one: ReturnType<typeof conflict>, more: Partial<Drawing> = {}): Drawing => ({
  ...draw(<ConflictResolver conflict={one} />, { conflicts: [one], status: inPhase.conflict }),
  ...more,
});

/** Accepts the device's value of the first field and the server's of the second. */
const accept = (root: HTMLElement): void => {
  const [first, , , second] = root.querySelectorAll<HTMLInputElement>('input[type=radio]');
  first?.click();
  second?.click();
};

export const conflictDrawings: Pick<Drawings, 'ConflictDialog' | 'ConflictInbox' | 'ConflictResolver'> = {
  ConflictDialog: {
    open: draw(<ConflictDialog conflict={conflict('update')} close={nothing} />, {
      conflicts: [conflict('update')],
      status: inPhase.conflict,
    }),
  },
  ConflictInbox: {
    empty: draw(<ConflictInbox />),
    some: draw(<ConflictInbox />, {
      conflicts: [
        conflict('update'),
        { ...uniqueConflict, conflictId: '2' },
        { ...serverDeleted, conflictId: '3', state: 'escalated' },
        { ...settled('merged'), conflictId: '4' },
      ],
      status: inPhase.conflict,
    }),
  },
  ConflictResolver: {
    ...drawEach(
      PRESETS,
      (preset) => `preset-${preset}` as const,
      (preset) => resolving(conflict('update'), { preset }),
    ),
    ...drawEach(
      conflictKindSchema.options,
      (kind) => `kind-${kind}` as const,
      (kind) => resolving(OF_KIND[kind]),
    ),
    'merge-fields': resolving(softConflict),
    'merge-lists': resolving(listConflict),
    'merge-same-field': resolving(conflict('update')),
    'merge-one-side-gone': resolving(conflict('unique', { server: null })),
    'decided-accept-client': resolving(settled('accept-client')),
    'decided-accept-server': resolving(settled('accept-server')),
    'decided-merged': resolving(settled('merged')),
    'decided-escalated': resolving(escalated),
    chosen: resolving(conflict('update'), { act: accept }),
    'deleted-here': resolving(deviceDeleted),
    'of-another-device': resolving(ofAnotherDevice),
    offline: draw(<ConflictResolver conflict={conflict('update')} />, {
      conflicts: [conflict('update')],
      status: inPhase.offline,
    }),
  },
};
