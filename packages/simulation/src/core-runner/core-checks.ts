import { compareHlc, type Hlc, isUnsettled, type OutboxItem, rowName } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import { alike, type Cells } from '../oracle/cells.ts';
import type { OracleDevice } from '../oracle/device.ts';
import type { OracleTable } from '../oracle/model.ts';
import { type Judgement, Reference } from '../oracle/reference.ts';
import type { CoreClient } from './core-client.ts';
import type { Wrote } from './core-entry.ts';
import { TOLERANCE } from './core-rows.ts';
import type { CoreServer } from './core-server.ts';
import type { CoreTable } from './core-tables.ts';
import type { Committed } from './core-transaction.ts';

/** Something that must not be. */
export interface CoreViolation {
  readonly invariant: string;
  readonly message: string;
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? Object.fromEntries(part) : part));

/** The columns in which two rows differ; `null` when they are the same. */
const differing = (table: OracleTable, one: Cells | null, other: Cells | null): string | null => {
  if (one === null || other === null) return one === other ? null : 'the row itself';
  for (const column of Object.keys(table.columns)) {
    const { kind } = table.columns[column]!;
    if (kind !== 'given' && !alike(kind, one[column], other[column])) return column;
  }
  return null;
};

/**
 * Looks on: hears what clients wrote and in which order the server committed it, and
 * compares with the reference. It reads state and decides nothing.
 */
export class CoreChecks {
  readonly violations: CoreViolation[] = [];
  readonly reference: Reference;
  readonly #tables: ReadonlyMap<string, OracleTable>;
  readonly #devices: readonly OracleDevice[];
  readonly #versionTimes = new Map<number, number>();
  readonly #committed = new Set<string>();
  readonly #outcomes = new Map<string, string>();
  readonly #stamps: Hlc[] = [];
  readonly #heardServer: number[] = [];
  readonly #versions: Map<string, number>[];
  readonly #highestClock: number[];

  constructor(tables: readonly CoreTable[], devices: readonly OracleDevice[]) {
    this.#tables = new Map(tables.map(({ oracle }) => [oracle.name, oracle]));
    this.reference = new Reference(tables.map(({ oracle }) => oracle));
    this.#devices = devices;
    this.#versions = devices.map(() => new Map());
    this.#highestClock = devices.map(() => 0);
  }

  #fail(invariant: string, message: string): void {
    this.violations.push({ invariant, message });
  }

  /** A local write: noted for the oracle; what it wrote must show, its stamp must be later than all before. */
  wrote(
    client: CoreClient,
    edits: readonly {
      readonly table: string;
      readonly key: string;
      readonly op: 'insert' | 'update' | 'delete';
      readonly values: Values;
    }[],
    wrote: Wrote,
    now: number,
  ): void {
    const { number } = client;
    const { hlc } = wrote;
    this.#devices[number]!.write(
      wrote.mutationId,
      { millis: hlc.millis, counter: hlc.counter, node: hlc.nodeId },
      edits.map(({ table, key, op, values }, index) => {
        const { saw, told } = wrote.before[index]!;
        const toldAt = told && op !== 'insert' ? (this.#versionTimes.get(told.version) ?? 0) : 0;
        return {
          table,
          key,
          op,
          wrote: values,
          saw: op === 'insert' ? null : saw,
          told: op === 'insert' ? null : (told?.values ?? null),
          toldAt,
        };
      }),
    );
    const last = this.#stamps[number];
    this.#stamps[number] = hlc;
    if (last && compareHlc(hlc, last) <= 0)
      this.#fail('I6', `a stamp ${show(hlc)} is not after ${show(last)}`);
    if (hlc.millis < (this.#heardServer[number] ?? 0))
      this.#fail('I7', `a stamp ${show(hlc)} is before what the device had seen`);
    this.#highestClock[number] = Math.max(this.#highestClock[number]!, client.clock(now));
    const limit = this.#highestClock[number]! + TOLERANCE + 1_000;
    if (hlc.millis > limit) this.#fail('I12', `a stamp ${show(hlc)} ran ahead of the clock`);
    for (const { table, key, op, values } of edits) {
      const row = client.visible(table, key);
      const oracle = this.#tables.get(table)!;
      if (op === 'delete' ? row !== null : differing(oracle, row, { ...row, ...values }) !== null)
        this.#fail('I4', `${table}/${key}: ${op} ${show(values)} does not show: ${show(row)}`);
    }
    this.looks(client);
  }

  /** A page was taken in whose server time the device's clock can believe. */
  heardTime(client: CoreClient, at: number, now: number): void {
    this.#highestClock[client.number] = Math.max(this.#highestClock[client.number]!, client.clock(now));
    if (at <= client.clock(now) + TOLERANCE)
      this.#heardServer[client.number] = Math.max(this.#heardServer[client.number] ?? 0, at);
  }

  /** What a client is about to send, against the naive law of order. */
  sends(before: readonly OutboxItem[], positions: readonly number[], clock: number): void {
    const gone = new Set<number>();
    for (const position of positions) {
      const item = before.find((one) => one.position === position)!;
      const isFree = item.state === 'queued' || item.state === 'blocked';
      if (!isFree || (item.nextAt !== null && item.nextAt > clock))
        this.#fail('I18', `mutation ${position} is sent while it is ${item.state} until ${item.nextAt}`);
      for (const earlier of before) {
        if (earlier.position >= position || gone.has(earlier.position)) continue;
        if (!isUnsettled(earlier.state)) continue;
        const own = new Set(item.touches.map(({ row }) => row));
        const sameRow = earlier.state !== 'review' && earlier.touches.some(({ row }) => own.has(row));
        const parent = earlier.touches.some(
          ({ row, op }) => op === 'insert' && item.references.includes(row),
        );
        const child = item.touches.some(({ row, op }) => op === 'delete' && earlier.references.includes(row));
        if (sameRow || parent || child) {
          const why = sameRow
            ? 'touches the same row'
            : parent
              ? 'makes what it needs'
              : 'needs what it deletes';
          this.#fail('I6', `mutation ${position} is sent before ${earlier.position}, which ${why}`);
        }
      }
      gone.add(position);
    }
  }

  /** A transaction of the server committed: the reference takes the same writes, in the same order. */
  committed(server: CoreServer, commits: readonly Committed[]): void {
    for (const commit of commits) this.#compare(commit);
    for (const { changes, verdicts, mutation } of commits) {
      for (const [index, { table, key }] of changes.entries())
        this.#compareRow(server, mutation.mutationId, table, verdicts[index]!.newKey ?? key);
    }
  }

  plain(table: string, key: string, after: Values | null, at: number): void {
    this.reference.plain(table, key, after, at);
  }

  /** Server times of the versions of rows: what an edit was based on. */
  noteVersions(rows: Iterable<{ readonly version: number }>, at: number): void {
    for (const { version } of rows) this.#versionTimes.set(version, at);
  }

  #compare(commit: Committed): void {
    const { mutation, client, verdicts, changes } = commit;
    const { mutationId } = mutation;
    if (this.#committed.has(mutationId)) {
      this.#fail('I3', `${mutationId} took effect twice`);
      return;
    }
    this.#committed.add(mutationId);
    this.#outcomes.set(mutationId, commit.outcome);
    const device = this.#devices[client]!;
    const write = device.find(mutationId);
    if (!write) {
      this.#fail('I2', `${mutationId} was never written`);
      return;
    }
    const newKeys = new Map<string, string>();
    for (const [index, { newKey }] of verdicts.entries()) {
      const { table, key } = changes[index]!;
      if (newKey === undefined) continue;
      newKeys.set(`${table}/${key}`, newKey);
      if (this.reference.row(`${table}/${newKey}`) !== null)
        this.#fail('I15', `${mutationId} got the key ${newKey}, which is another row's`);
    }
    const judged = this.reference.commit(
      write,
      { roles: commit.roles, at: commit.at, tolerance: TOLERANCE },
      newKeys,
    );
    this.#compareVerdicts(commit, judged, write.changes);
    if (commit.outcome === 'rejected' || commit.outcome === 'review') return;
    for (const [index, { table, key }] of changes.entries()) {
      const newKey = verdicts[index]!.newKey;
      if (newKey !== undefined) device.renamedOnServer(table, key, newKey);
    }
  }

  #compareRow(server: CoreServer, mutationId: string, table: string, key: string): void {
    const row = server.rows.get(rowName(table, key))?.values ?? null;
    const expected = this.reference.row(`${table}/${key}`);
    const column = differing(this.#tables.get(table)!, row, expected);
    if (column !== null)
      this.#fail(
        'I15',
        `${mutationId} left ${table}/${key} as ${show(row)}, by the rules ${show(expected)} (${column})`,
      );
  }

  #compareVerdicts(commit: Committed, judged: Judgement, changes: readonly unknown[]): void {
    const { mutation, verdicts } = commit;
    if (judged.outcome !== commit.outcome) {
      this.#fail(
        'I15',
        `${mutation.mutationId} was ${commit.outcome}, by the rules ${judged.outcome}: ${show(changes)} ${show(commit.changes)}`,
      );
      return;
    }
    for (const [index, { conflict }] of verdicts.entries()) {
      const { clash, open } = judged.rulings[index]!;
      const columns = [...(conflict?.columns ?? [])].sort().join();
      if (columns !== [...clash].sort().join())
        this.#fail(
          'I14',
          `${mutation.mutationId} has a conflict on (${columns}), by the rules on (${clash.join()})`,
        );
      if (conflict && (conflict.state === 'open') !== open)
        this.#fail('I14', `${mutation.mutationId}: its conflict is ${conflict.state}`);
    }
  }

  /** What stands on a client's screen, and what it says of itself. */
  looks(client: CoreClient): void {
    const device = this.#devices[client.number]!;
    for (const [name, { values, version }] of client.base) {
      const known = this.#versions[client.number]!.get(name) ?? 0;
      if (version < known) this.#fail('I5', `${name} went back from version ${known} to ${version}`);
      this.#versions[client.number]!.set(name, version);
      const [table = '', key = ''] = name.split('\u0000');
      if (device.isTouched(table, key)) this.#sees(client, device, name, values);
    }
    for (const { state, changes } of client.outbox) {
      if (!isUnsettled(state)) continue;
      for (const { table, key } of changes) {
        const name = rowName(table, key);
        if (!client.base.has(name)) this.#sees(client, device, name, null);
      }
    }
    const unsettled = client.outbox.some(({ state }) => isUnsettled(state));
    const { phase } = client.phase();
    if (phase === 'synced' && (unsettled || !client.online))
      this.#fail('I20', `client ${client.number} says synced with work that waits`);
    if (phase !== 'offline' && phase !== 'error' && !client.online)
      this.#fail('I20', `client ${client.number} says ${phase} without a network`);
  }

  #sees(client: CoreClient, device: OracleDevice, name: string, told: Values | null): void {
    const [table = '', key = ''] = name.split('\u0000');
    const row = client.visible(table, key);
    const expected = device.mustSee(table, key, told);
    const column = differing(this.#tables.get(table)!, row, expected);
    if (column !== null)
      this.#fail(
        'I4',
        `client ${client.number} shows ${table}/${key} as ${show(row)}, must show ${show(expected)} (${column}) over ${show(told)}`,
      );
  }

  /** Nothing is on its way: every screen is the server's, as far as the client may see it. */
  atRest(client: CoreClient, scopes: ReadonlySet<string>): void {
    const expected = this.reference.within(scopes);
    const shown = client.shown();
    const shownNames = new Set([...shown.keys()].map((name) => name.replace('\u0000', '/')));
    for (const name of shownNames) {
      if (!expected.has(name))
        this.#fail('I1', `client ${client.number} shows ${name}, which is not there for it`);
    }
    for (const [name, cells] of expected) {
      const [table = '', key = ''] = name.split('/');
      const row = shown.get(rowName(table, key)) ?? null;
      const column = differing(this.#tables.get(table)!, row, cells);
      if (column !== null)
        this.#fail(
          'I1',
          `client ${client.number} shows ${name} as ${show(row)}, it is ${show(cells)} (${column})`,
        );
    }
  }

  /** Every write that was ever acknowledged has an end. */
  accounts(client: CoreClient): void {
    const states = new Map(client.outbox.map(({ mutationId, state }) => [mutationId, state]));
    for (const id of this.#devices[client.number]!.writes.keys()) {
      const state = states.get(id);
      if (state === undefined) this.#fail('I2', `${id} is in no outbox`);
      else if (state !== 'settled' && state !== 'quarantined')
        this.#fail('I17', `${id} is still ${state} at rest`);
      else if (state === 'settled' && !this.#committed.has(id))
        this.#fail('I2', `${id} is settled, and the server never had it`);
      else if (state === 'settled' && this.#outcomes.get(id) === 'rejected')
        this.#fail('I2', `${id} was refused, and is called settled`);
      else if (state === 'quarantined' && !client.lostRights.has(id) && this.#outcomes.get(id) !== 'rejected')
        this.#fail('I2', `${id} is in quarantine, and nobody refused it`);
      else if (state === 'quarantined' && this.#tookEffect(id))
        this.#fail('I2', `${id} is in quarantine, and it took effect`);
    }
  }

  #tookEffect(id: string): boolean {
    const outcome = this.#outcomes.get(id);
    return outcome === 'applied' || outcome === 'merged';
  }

  /** A request was not answered: only with a network was that an attempt. */
  timedOut(before: ReadonlyMap<string, number>, client: CoreClient): void {
    if (client.online) return;
    for (const { mutationId, attempts } of client.outbox) {
      if (attempts !== before.get(mutationId))
        this.#fail('I17', `${mutationId}: being offline counted as an attempt`);
    }
  }

  get commits(): number {
    return this.#committed.size;
  }
}
