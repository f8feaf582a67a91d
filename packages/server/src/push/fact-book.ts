import type { FieldWriter, Ranges } from '@satchel/core';
import type { Value, Values } from '@satchel/protocol';
import type { App, Principal } from '@satchel/schema';
import type { Facts, Probe, Ruling, Waiting, WrittenSince } from './facts.ts';
import { type KnownRuns, runOf } from './known.ts';
import type { Offering } from './offering.ts';
import type { RowAddress } from './row-address.ts';
import type { RowState } from './row-state.ts';
import type { Submitted } from './submitted.ts';

/**
 * Kinds of facts that few batches need. A decision that asks for one that is not there
 * yet is made again when it is: the happy path reads none of them.
 */
export type RareFacts =
  | 'writers'
  | 'times'
  | 'bases'
  | 'became'
  | 'last-values'
  | 'reviews'
  | 'outstanding'
  | 'offers'
  | 'written-since';

/** A mutation that waits, by the rows that it touches. */
export interface WaitingMutation {
  readonly mutationId: string;
  readonly clientId: string;
  readonly runId: string;
  readonly seq: number;
  readonly addresses: readonly RowAddress[];
  readonly waiting: Waiting;
}

/** A key that the server gave instead, as `satchel.renames` has it. */
export interface KnownRename {
  readonly clientId: string;
  readonly address: RowAddress;
  readonly newKey: string;
  readonly runId: string;
  readonly seq: number;
  /** From where on the client uses the new key. */
  readonly renamed: { readonly runId: string; readonly from: number } | undefined;
}

/** What is read for every batch. */
export interface CommonFacts {
  readonly app: App;
  readonly principal: Principal;
  readonly now: number;
  readonly scopes: ReadonlySet<string>;
  readonly rows: ReadonlyMap<RowAddress, RowState>;
  readonly runs: KnownRuns;
  readonly renames: readonly KnownRename[];
  readonly waiting: readonly WaitingMutation[];
  /** Rulings on the rows of a released mutation, by address. */
  readonly rulings: ReadonlyMap<RowAddress, Ruling>;
  readonly isTrusted: boolean;
  readonly offering: Offering | undefined;
}

/** The facts of one batch, and which of them were missed. */
export class FactBook implements Facts {
  readonly app: App;
  readonly principal: Principal;
  readonly now: number;
  readonly scopes: ReadonlySet<string>;
  readonly rows: Map<RowAddress, RowState>;
  probe: Probe | undefined;
  readonly missed = new Set<RareFacts>();

  readonly #common: CommonFacts;
  readonly #renames: ReadonlyMap<string, KnownRename>;
  readonly #waiting: ReadonlyMap<string, readonly WaitingMutation[]>;
  readonly #loaded = new Set<RareFacts>();
  #writers: ReadonlyMap<string, FieldWriter> = new Map();
  #times: ReadonlyMap<string, number> = new Map();
  #bases: ReadonlyMap<string, Values> = new Map();
  #became: ReadonlyMap<string, Values> = new Map();
  #lastValues: ReadonlyMap<RowAddress, Values> = new Map();
  #reviews: ReadonlyMap<RowAddress, string> = new Map();
  #outstanding: ReadonlyMap<string, Ranges> = new Map();
  #offers: ReadonlyMap<string, number> = new Map();
  #writtenSince: ReadonlyMap<RowAddress, WrittenSince> = new Map();

  constructor(common: CommonFacts) {
    this.#common = common;
    this.app = common.app;
    this.principal = common.principal;
    this.now = common.now;
    this.scopes = common.scopes;
    this.rows = new Map(common.rows);
    this.#renames = new Map(common.renames.map((rename) => [`${rename.clientId} ${rename.address}`, rename]));
    const waiting = new Map<string, WaitingMutation[]>();
    for (const one of common.waiting) {
      for (const address of one.addresses) {
        const place = `${one.clientId} ${address}`;
        const list = waiting.get(place);
        if (list) list.push(one);
        else waiting.set(place, [one]);
      }
    }
    this.#waiting = waiting;
  }

  addRows(rows: ReadonlyMap<RowAddress, RowState>): void {
    for (const [address, row] of rows) this.rows.set(address, row);
  }

  /** By `<address>\n<column>`. */
  loadWriters(writers: ReadonlyMap<string, FieldWriter>): void {
    this.#writers = writers;
    this.#loaded.add('writers');
  }

  /** By `<address>\n<version>`. */
  loadTimes(times: ReadonlyMap<string, number>): void {
    this.#times = times;
    this.#loaded.add('times');
  }

  /** Rows as the audit has them, by `<address>\n<version>`. */
  loadBases(bases: ReadonlyMap<string, Values>): void {
    this.#bases = bases;
    this.#loaded.add('bases');
  }

  valuesAt(address: RowAddress, version: number): Values | undefined {
    return this.#ask('bases', this.#bases.get(`${address}\n${version}`));
  }

  /** Rows as outcomes told them, by `<mutation id>\n<address>`. */
  loadBecame(became: ReadonlyMap<string, Values>): void {
    this.#became = became;
    this.#loaded.add('became');
  }

  loadLastValues(values: ReadonlyMap<RowAddress, Values>): void {
    this.#lastValues = values;
    this.#loaded.add('last-values');
  }

  loadReviews(reviews: ReadonlyMap<RowAddress, string>): void {
    this.#reviews = reviews;
    this.#loaded.add('reviews');
  }

  /** Seqs that have not come, by run. */
  loadOutstanding(outstanding: ReadonlyMap<string, Ranges>): void {
    this.#outstanding = outstanding;
    this.#loaded.add('outstanding');
  }

  /** Versions by `<address>\n<column>`. */
  loadOffers(offers: ReadonlyMap<string, number>): void {
    this.#offers = offers;
    this.#loaded.add('offers');
  }

  loadWrittenSince(written: ReadonlyMap<RowAddress, WrittenSince>): void {
    this.#writtenSince = written;
    this.#loaded.add('written-since');
  }

  offered(address: RowAddress, column: string): number {
    return this.#ask('offers', this.#offers.get(`${address}\n${column}`)) ?? -1;
  }

  writtenSince(address: RowAddress): WrittenSince | undefined {
    return this.#ask('written-since', this.#writtenSince.get(address));
  }

  lastValues(address: RowAddress): Values | null {
    return this.#ask('last-values', this.#lastValues.get(address)) ?? null;
  }

  writer(address: RowAddress, column: string): FieldWriter | undefined {
    return this.#ask('writers', this.#writers.get(`${address}\n${column}`));
  }

  versionTime(address: RowAddress, version: number): number {
    return this.#ask('times', this.#times.get(`${address}\n${version}`)) ?? 0;
  }

  became(mutationId: string, address: RowAddress, column: string): Value | undefined {
    return this.#ask('became', this.#became.get(`${mutationId}\n${address}`))?.[column];
  }

  openReview(address: RowAddress): string | undefined {
    return this.#ask('reviews', this.#reviews.get(address));
  }

  earlierOutstanding(submitted: Submitted): boolean {
    const { seq } = submitted.mutation;
    // Offers come in any order: what they need may come later, and they wait for it here.
    if (submitted.offer !== undefined && this.offering !== undefined) return false;
    const ranges = this.#ask('outstanding', this.#outstanding.get(runOf(submitted)));
    return ranges?.some(([from]) => from < seq) ?? false;
  }

  get hasNewKeys(): boolean {
    return this.#renames.size > 0;
  }

  get offering(): Offering | undefined {
    return this.#common.offering;
  }

  get isTrusted(): boolean {
    return this.#common.isTrusted;
  }

  ruling(address: RowAddress): Ruling | undefined {
    return this.#common.rulings.get(address);
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  waiting(address: RowAddress, { clientId, runId, mutation }: Submitted): Waiting | undefined {
    return this.#waiting
      .get(`${clientId} ${address}`)
      ?.find((one) =>
        one.runId === runId ? one.seq < mutation.seq : this.#isEarlier(clientId, one.runId, runId),
      )?.waiting;
  }

  /**
   * Mutations made before the client learned of a new key name the old one; those made
   * after mean the other row by it (rule 64).
   */
  newKey({ clientId, runId, mutation }: Submitted, address: RowAddress): string | undefined {
    const rename = this.#renames.get(`${clientId} ${address}`);
    if (rename === undefined) return undefined;
    const isLater =
      runId === rename.runId ? mutation.seq > rename.seq : this.#isEarlier(clientId, rename.runId, runId);
    if (!isLater) return undefined;
    const { renamed } = rename;
    if (renamed === undefined) return rename.newKey;
    const knows =
      runId === renamed.runId
        ? mutation.seq >= renamed.from
        : this.#isEarlier(clientId, renamed.runId, runId);
    return knows ? undefined : rename.newKey;
  }

  #isEarlier(clientId: string, first: string, second: string): boolean {
    const seen = (runId: string) =>
      this.#common.runs.get(runOf({ clientId, runId }))?.firstSeenAt ?? Number.POSITIVE_INFINITY;
    return seen(first) < seen(second);
  }

  #ask<T>(kind: RareFacts, found: T | undefined): T | undefined {
    if (!this.#loaded.has(kind)) this.missed.add(kind);
    return found;
  }
}
