import {
  ClearCache,
  DataUsage,
  Diagnostics,
  PENDING_STATES,
  PendingChanges,
  Quarantine,
  RefusedWrites,
  SyncHistory,
  SyncSettings,
} from '../../src/index.ts';
import { type Drawings, draw, drawEach, press } from './drawings.tsx';
import { entry, history, inPhase, metered, recordNames, refused, savedBeside, waiting } from './samples.ts';
import { NOW, settings } from './scene.ts';

const HOUR = 3_600_000;
const nothing = (): void => {};

export const workDrawings: Pick<
  Drawings,
  | 'ClearCache'
  | 'DataUsage'
  | 'Diagnostics'
  | 'PendingChanges'
  | 'Quarantine'
  | 'RefusedWrites'
  | 'SyncHistory'
  | 'SyncSettings'
> = {
  ClearCache: {
    closed: draw(<ClearCache />),
    'nothing-unsent': draw(<ClearCache open />),
    'work-unsent': draw(<ClearCache open />, { status: { ...inPhase.offline, pending: 3 } }),
  },
  DataUsage: {
    nothing: draw(<DataUsage />, { status: { bytesToday: 0, bytesThisMonth: 0 } }),
    some: draw(<DataUsage />, { usage: metered }),
    'cap-reached': draw(<DataUsage />, {
      usage: metered,
      status: { bytesToday: 5_400_000 },
      settings: { ...settings, dailyBytes: 5_000_000 },
    }),
    'compresses-images': draw(<DataUsage compressesImages />, { usage: metered }),
  },
  Diagnostics: {
    calm: draw(<Diagnostics />),
    failed: draw(<Diagnostics />, {
      status: {
        ...inPhase.error,
        storage: { kind: 'memory', durability: 'memory' },
        oldestPendingAt: NOW - HOUR,
      },
    }),
  },
  PendingChanges: {
    ...drawEach(
      PENDING_STATES,
      (state) => state,
      (state) =>
        draw(<PendingChanges onEdit={nothing} />, {
          outbox: [entry(state, 1, state === 'failed' ? { attempts: 3 } : {})],
          status: inPhase.pending,
        }),
    ),
    empty: draw(<PendingChanges />),
    some: draw(<PendingChanges onEdit={nothing} />, {
      outbox: waiting,
      rows: recordNames,
      status: inPhase.pending,
    }),
  },
  Quarantine: {
    empty: draw(<Quarantine />),
    some: draw(<Quarantine />, { quarantine: refused, rows: recordNames, status: { quarantined: 2 } }),
    editing: draw(
      <Quarantine />,
      { quarantine: refused.slice(0, 1), status: { quarantined: 1 } },
      { act: press('.satchel-button-main') },
    ),
    'saved-beside': draw(<Quarantine />, { quarantine: refused.slice(0, 1), refused: savedBeside }),
  },
  RefusedWrites: { some: draw(<RefusedWrites />, { refused: savedBeside }) },
  SyncHistory: {
    empty: draw(<SyncHistory />),
    runs: draw(<SyncHistory />, { runs: history }),
  },
  SyncSettings: {
    calm: draw(<SyncSettings />, { runs: history }),
    'work-waits': draw(<SyncSettings choosesTables historyOpen />, {
      status: { ...inPhase.pending, waitingFor: 'schedule', problem: null },
      settings: { ...settings, wifiOnly: true, mobileData: false },
      runs: history,
    }),
    paused: draw(<SyncSettings />, { status: inPhase.paused }),
    failed: draw(<SyncSettings />, {
      status: {
        ...inPhase.error,
        storage: { kind: 'indexeddb', durability: 'mirrored', keeping: 'best-effort' },
      },
      runs: history,
    }),
    'asks-for-data': draw(
      <SyncSettings />,
      { settings: { ...settings, mobileData: false }, status: inPhase.pending },
      { act: press('.satchel-next .satchel-button-main') },
    ),
    'network-unknown': draw(<SyncSettings />, { status: { networkKind: 'unknown' } }),
  },
};
