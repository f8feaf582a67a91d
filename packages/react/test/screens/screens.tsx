import { type ReactElement, Suspense, useRef, useState } from 'react';
import {
  ClearCache,
  ConflictInbox,
  DataUsage,
  PendingChanges,
  PullToRefresh,
  Quarantine,
  RecordBadge,
  SyncIndicator,
  SyncSettings,
  Toaster,
  useConflicts,
  useDataUsage,
  useHistory,
  useMutation,
  useOutbox,
  useQuery,
  useRow,
  useSyncStatus,
} from '../../src/index.ts';

interface Plot {
  readonly id: string;
  readonly crop: string;
  readonly acreage: string;
}
const PLOTS = { sql: 'select id, crop, acreage from plots order by crop', identity: ['id'] };

/** Each row says how often an object of its own was made for it: an unchanged row keeps its object. */
const Plots = (): ReactElement => {
  const { rows, diff, loading } = useQuery<Plot>(PLOTS);
  const objects = useRef(new Map<string, Set<unknown>>());
  for (const row of rows) {
    const seen = objects.current.get(row.id) ?? new Set();
    objects.current.set(row.id, seen.add(row));
  }
  return (
    <section aria-label="Plots" data-loading={loading}>
      <ul>
        {rows.map((row) => (
          <li key={row.id} data-objects={objects.current.get(row.id)?.size}>
            {row.crop} {row.acreage}
          </li>
        ))}
      </ul>
      <p id="diff">
        {diff
          ? `+${diff.added.map(({ crop }) => crop)} -${diff.removed.map(({ crop }) => crop)} ~${diff.changed.map(({ before, after }) => `${before.acreage}>${after.acreage}`)}`
          : ''}
      </p>
    </section>
  );
};

const Waited = (): ReactElement => {
  const { rows } = useQuery<Plot>({ sql: 'select id from plots' }, { suspense: true });
  return <p id="waited">{rows.length}</p>;
};

/** What a `Suspense` showed, in the order in which it did. */
const Suspended = (): ReactElement => {
  const [shown, setShown] = useState(false);
  const seen = useRef<string[]>([]);
  const note = (what: string): null => {
    if (seen.current.at(-1) !== what) seen.current.push(what);
    (globalThis as { seen?: string[] }).seen = seen.current;
    return null;
  };
  const Fallback = () => note('fallback');
  return (
    <>
      <button type="button" onClick={() => setShown(true)}>
        Show
      </button>
      {shown ? (
        <Suspense fallback={<Fallback />}>
          <Waited />
        </Suspense>
      ) : null}
    </>
  );
};

const One = (): ReactElement => {
  const { row, state, loading } = useRow('plots', 'one');
  return (
    <p id="row">
      {loading ? 'loading' : row ? `${String(row.crop)} ${String(row.acreage)} ${state}` : 'none'}
    </p>
  );
};

const Writing = (): ReactElement => {
  const { write, run, stands, problem, mutationId } = useMutation();
  const [key, setKey] = useState(1);
  return (
    <>
      <button
        type="button"
        onClick={() => {
          setKey(key + 1);
          write({
            sql: 'insert into plots (id, crop, acreage) values (?, ?, ?)',
            parameters: [`w${key}`, 'Beans', '1'],
          });
        }}
      >
        Add
      </button>
      <button type="button" onClick={() => run('addTool', { code: 'T-1', name: 'Hoe' })}>
        Add tool
      </button>
      <button
        type="button"
        onClick={() => write({ sql: 'insert into nowhere (id) values (1)' }).catch(() => undefined)}
      >
        Fail
      </button>
      <p id="stands">{stands}</p>
      <p id="problem">{problem?.code ?? 'none'}</p>
      <p id="mutation">{mutationId ?? 'none'}</p>
    </>
  );
};

const Facts = (): ReactElement => {
  const status = useSyncStatus();
  const { entries } = useOutbox();
  const runs = useHistory(3);
  const usage = useDataUsage(7);
  const { open, settled } = useConflicts();
  return (
    <dl>
      <dd id="phase">{status?.phase}</dd>
      <dd id="outbox">{entries.map(({ changes, state }) => `${state}:${changes.length}`).join(' ')}</dd>
      <dd id="runs">{runs.map(({ trigger }) => trigger).join(' ')}</dd>
      <dd id="newest">
        {runs.every((run, at) => at === 0 || run.endedAt <= (runs[at - 1]?.endedAt ?? 0))
          ? 'first'
          : 'not first'}
      </dd>
      <dd id="usage">{`${usage.total} ${usage.up + usage.down}`}</dd>
      <dd id="actions">{usage.byAction.map(({ name }) => name).join(' ')}</dd>
      <dd id="conflicts">{`${open.length} ${settled.length}`}</dd>
    </dl>
  );
};

/** The screens that tests open, by name. */
export const SCREENS = {
  inbox: () => (
    <>
      <SyncIndicator />
      <ConflictInbox />
      <RecordBadge table="plots" recordKey="one" />
    </>
  ),
  plots: Plots,
  suspended: Suspended,
  one: One,
  writing: Writing,
  facts: Facts,
  settings: () => <SyncSettings choosesTables historyOpen />,
  cache: () => (
    <>
      <ClearCache />
      <Plots />
    </>
  ),
  pull: () => (
    <PullToRefresh label="Plots">
      <Plots />
      <div style={{ blockSize: 2_000 }} />
    </PullToRefresh>
  ),
  work: () => (
    <>
      <SyncIndicator onSignIn={() => Object.assign(globalThis, { signedIn: true })} />
      <PendingChanges onEdit={(change) => Object.assign(globalThis, { edited: change.key })} />
      <Quarantine />
      <Toaster />
    </>
  ),
  usage: () => <DataUsage compressesImages />,
} as const satisfies Readonly<Record<string, () => ReactElement>>;
export type ScreenName = keyof typeof SCREENS;
