import {
  type ConflictDraft,
  canRenameKeys,
  decideChange,
  decideUnique,
  derivedUuid,
  gravest,
  mergeInsert,
  newKeyFor,
  type RowFacts,
  type RowVerdict,
  type ServerRow,
} from '@satchel/core';
import { type Change, invariant, type Problem } from '@satchel/protocol';
import { type Breach, findBreach } from './breach.ts';
import { type ChangeCase, effectOn, outOfReach, placeOf, problem } from './change-case.ts';
import { checkBase } from './checked-base.ts';
import type { BatchMemory, GivenKey } from './decide.ts';
import type { Facts } from './facts.ts';
import { judgeOffer, type OfferVerdict } from './judge-offer.ts';
import { underNewKeys } from './new-keys.ts';
import { offeredKey } from './offered-key.ts';
import { rowFacts } from './policy-facts.ts';
import { keyOfAddress, type RowAddress, rowAddress, tableOf } from './row-address.ts';
import type { RowDraft, RowState } from './row-state.ts';
import { applyRuling } from './ruling.ts';
import type { Submitted } from './submitted.ts';
import { checkRow } from './validate.ts';
import {
  type ChangeVerdict,
  type Effect,
  type FieldStamp,
  type Offered,
  type PushConflict,
  refusal,
  type Verdict,
} from './verdict.ts';

/** One attempt to decide a mutation; `'again'` after a row's key was given up for another. */
export class MutationTrial {
  readonly #facts: Facts;
  readonly #batch: BatchMemory;
  readonly #submitted: Submitted;
  readonly #draft: RowDraft;
  readonly #given: Map<RowAddress, GivenKey>;
  readonly #cases: ChangeCase[] = [];
  readonly #changes: ChangeVerdict[] = [];
  readonly #conflicts: PushConflict[] = [];
  readonly #joins = new Set<string>();
  readonly #stamps: FieldStamp[] = [];
  /** Rows of which the client said it had seen another value than the audit knows. */
  readonly #mismatched = new Set<RowAddress>();
  readonly #offered: Offered[] = [];
  #isHeld = false;

  constructor(
    facts: Facts,
    batch: BatchMemory,
    submitted: Submitted,
    draft: RowDraft,
    given: Map<RowAddress, GivenKey>,
  ) {
    this.#facts = facts;
    this.#batch = batch;
    this.#submitted = submitted;
    this.#draft = draft;
    this.#given = given;
  }

  run(): Verdict | 'again' {
    for (const [index, sent] of this.#submitted.changes.entries()) {
      const end = this.#decide(this.#caseOf(sent, index));
      if (end !== undefined) return end;
    }
    return this.#isHeld ? this.#review() : this.#finish();
  }

  #caseOf(sent: Change, index: number): ChangeCase {
    const table = this.#facts.app.tables[sent.table];
    invariant(table, `no table ${sent.table}`);
    const change =
      this.#given.size === 0 && !this.#batch.hasNewKeys
        ? sent
        : underNewKeys(
            table,
            sent,
            (address) => this.#given.get(address)?.newKey ?? this.#batch.newKey(this.#submitted, address),
          );
    const address = rowAddress(table.name, change.key);
    const made: ChangeCase = {
      index,
      table,
      change,
      isRenamed: change !== sent,
      address,
      clientAddress: rowAddress(table.name, sent.key),
      row: this.#draft.read(address),
      server: this.#draft.values(address),
    };
    this.#cases.push(made);
    return made;
  }

  /** What it returns ends the mutation. */
  #decide(at: ChangeCase): Verdict | 'again' | undefined {
    const { change, address, row, server } = at;
    const submitted = this.#submitted;
    const waiting = this.#batch.waiting(submitted, address);
    if (waiting?.kind === 'held') {
      return { kind: 'held', submitted, parent: waiting.parent, until: waiting.until };
    }
    if (waiting?.kind === 'review') {
      for (const id of waiting.conflictIds) this.#joins.add(id);
      this.#hold(at, waiting.conflictIds[0]);
      return undefined;
    }
    const newKey = offeredKey(submitted, at.index);
    if (newKey !== undefined && this.#facts.offering !== undefined && change.key !== newKey) {
      return this.#giveUpKey(at, { newKey, kind: 'new-key', conflict: undefined });
    }
    const wasThere = row !== undefined && (row.values !== null || row.deleted);
    if (server === null && !wasThere && change.op !== 'insert' && this.#facts.earlierOutstanding(submitted)) {
      // The insert may still be on its way.
      return { kind: 'needs-earlier', submitted };
    }
    if (!this.#isInReach(row, change)) return this.#outOfSight(at);
    const offer = this.#offerOf(at);
    if (offer === undefined) return this.#take(at, this.#judge(at));
    if (offer.kind === 'waits') {
      // The insert of the row is still to be offered.
      return this.#held({ table: change.table, key: change.key });
    }
    const version = submitted.offer?.versions[at.index] ?? 0;
    for (const column of offer.offered) this.#offered.push({ address, column, version });
    return this.#take(at, offer.verdict);
  }

  /** `undefined` for what is no offer, and for what a person has decided. */
  #offerOf(at: ChangeCase): OfferVerdict | undefined {
    const { table, change, address, index } = at;
    const { offer } = this.#submitted;
    if (offer === undefined || this.#facts.offering === undefined) return undefined;
    if (this.#facts.ruling(address) !== undefined) return undefined;
    return judgeOffer({
      table,
      change,
      server: this.#serverRow(at),
      facts: this.#rowFacts(change, address),
      outcome: offer.outcome,
      version: offer.versions[index] ?? null,
      columns: offer.columns[index] ?? [],
      offered: (column) => this.#batch.offered(address, column),
      written: this.#facts.writtenSince(address),
    });
  }

  #judge(at: ChangeCase): RowVerdict {
    const { table, change, address, clientAddress, server } = at;
    const facts = this.#rowFacts(change, address);
    if (this.#given.get(clientAddress)?.kind === 'merge-into' && server !== null) {
      return mergeInsert(table, change, server, { kind: 'server-wins' }, facts);
    }
    const ruling = this.#facts.ruling(address);
    const checked = checkBase(table, change, at.row, server, (version) =>
      this.#facts.valuesAt(address, version),
    );
    if (checked.isMismatch) this.#mismatched.add(address);
    const judged = ruling ? applyRuling(table, change, ruling) : { table, change: checked.change };
    if (judged === undefined)
      return { outcome: 'superseded', effect: 'none', write: {}, took: [], stamps: {} };
    return decideChange(judged.table, judged.change, this.#serverRow(at), facts);
  }

  /** What the row last was is looked up only where it is to be brought back. */
  #serverRow({ address, row, server }: ChangeCase): ServerRow {
    const facts = this.#facts;
    return {
      row: server,
      deleted: row?.deleted ?? false,
      get last() {
        return facts.lastValues(address);
      },
    };
  }

  #take(at: ChangeCase, decided: RowVerdict): Verdict | 'again' | undefined {
    const { change, address, clientAddress, server, index, table } = at;
    const isRuled = this.#facts.ruling(address) !== undefined;
    const conflict = decided.conflict && !isRuled ? this.#conflict(at, decided.conflict) : undefined;
    if (decided.newKey !== undefined) {
      return this.#giveUpKey(at, { newKey: decided.newKey, kind: 'new-key', conflict });
    }
    if (decided.outcome === 'rejected') {
      return this.#refuse(at, decided.problem ?? outOfReach(change), conflict);
    }
    if (decided.outcome === 'review') {
      // What a person ruled cannot be done: there is nothing to bring back.
      if (isRuled) return this.#refuse(at, problem('row_missing', { table: table.name, key: change.key }));
      const open = this.#facts.openReview(address);
      if (open !== undefined) this.#joins.add(open);
      else if (conflict) this.#conflicts.push(conflict);
      this.#hold(at, open ?? conflict?.conflictId);
      return undefined;
    }
    const after = effectOn(server, decided);
    if (after !== server) this.#draft.set(address, after);
    if (after !== null && after !== server) {
      const found = checkRow(this.#facts.app, table, change.key, after, Object.keys(decided.write));
      if (found) return this.#refuse(at, found);
    }
    const conflictId = this.#keepConflict(address, this.#given.get(clientAddress)?.conflict ?? conflict);
    for (const [column, hlc] of Object.entries(decided.stamps)) this.#stamps.push({ address, column, hlc });
    const isAll = Object.keys(change.values ?? {}).every((name) => decided.took.includes(name));
    this.#changes.push({
      ...placeOf(at),
      outcome: this.#given.has(clientAddress) ? gravest([decided.outcome, 'merged']) : decided.outcome,
      tellRow: !this.#isPlain(at, decided),
      ...(change.op === 'delete' || isAll ? {} : { columns: decided.took }),
      ...(conflictId === undefined ? {} : { conflictId }),
    });
    invariant(this.#cases[index] === at, 'changes are decided in their order');
    return undefined;
  }

  /** A row that a person already looks at stays in that one review. */
  #keepConflict(address: RowAddress, conflict: PushConflict | undefined): string | undefined {
    if (conflict === undefined) return undefined;
    const open = conflict.state === 'open' ? this.#facts.openReview(address) : undefined;
    if (open === undefined) this.#conflicts.push(conflict);
    else this.#joins.add(open);
    return open ?? conflict.conflictId;
  }

  #hold(at: ChangeCase, conflictId: string | undefined): void {
    this.#isHeld = true;
    this.#changes.push({
      ...placeOf(at),
      outcome: 'review',
      tellRow: false,
      ...(conflictId === undefined ? {} : { conflictId }),
    });
  }

  #giveUpKey({ clientAddress, change }: ChangeCase, given: GivenKey): Verdict | 'again' {
    if (this.#given.has(clientAddress)) {
      const { table, key } = change;
      return refusal(this.#submitted, problem('row_exists', { table, key }));
    }
    this.#given.set(clientAddress, given);
    return 'again';
  }

  #held(parent: { readonly table: string; readonly key: string }): Verdict {
    const submitted = this.#submitted;
    const { now, app } = this.#facts;
    return { kind: 'held', submitted, parent, until: submitted.until ?? now + app.limits.heldFor };
  }

  #review(): Verdict {
    return {
      kind: 'review',
      submitted: this.#submitted,
      changes: this.#changes.map((change) => ({ ...change, outcome: 'review', tellRow: false })),
      conflicts: this.#conflicts.filter(({ state }) => state === 'open'),
      joins: [...this.#joins],
    };
  }

  #finish(): Verdict | 'again' {
    const submitted = this.#submitted;
    const { app, probe } = this.#facts;
    const breach = probe && findBreach(app, probe, this.#draft);
    if (breach !== undefined) {
      if (this.#facts.earlierOutstanding(submitted)) return { kind: 'needs-earlier', submitted };
      if (breach.kind === 'unique') return this.#unique(breach);
      if (breach.kind === 'restricted') {
        const at = this.#caseAt(breach.address);
        const { table, key } = at.change;
        const { childTable } = breach;
        return this.#refuse(at, problem('reference_restricted', { table, key, childTable }));
      }
      return this.#held(breach.parent);
    }
    return {
      kind: 'settled',
      submitted,
      outcome: gravest(this.#changes.map(({ outcome }) => outcome)),
      changes: this.#changes,
      effects: this.#effects(),
      conflicts: this.#conflicts,
      joins: [...this.#joins],
      stamps: this.#stamps,
      offered: this.#offered,
      renamed: [...this.#given].map(([address, { newKey }]) => ({
        table: tableOf(address),
        oldKey: keyOfAddress(address),
        newKey,
      })),
    };
  }

  /** A unique value that another row has: the table's policy decides (rule 6). */
  #unique({ address, columns, holder }: Extract<Breach, { kind: 'unique' }>): Verdict | 'again' {
    const at = this.#caseAt(address);
    const { table, change } = at;
    const holderAddress = rowAddress(table.name, holder);
    const row = this.#draft.values(holderAddress);
    const isVisible = this.#isInReach(this.#draft.read(holderAddress), change);
    if (row === null || !isVisible || this.#facts.ruling(address) !== undefined) {
      const taken = { table: table.name, columns, ...(isVisible ? { holder } : {}) };
      return this.#refuse(at, problem('unique_taken', taken));
    }
    const decided = decideUnique(
      table,
      change,
      { columns, key: holder, row },
      this.#rowFacts(change, address),
    );
    const conflict = decided.conflict && { ...this.#conflict(at, decided.conflict), holder };
    if (decided.newKey !== undefined) {
      return this.#giveUpKey(at, { newKey: decided.newKey, kind: 'merge-into', conflict });
    }
    if (decided.outcome === 'review' && conflict) {
      this.#conflicts.push(conflict);
      const kept = this.#changes.map((one, index) =>
        index === at.index ? { ...one, conflictId: conflict.conflictId } : one,
      );
      this.#changes.splice(0, this.#changes.length, ...kept);
      return this.#review();
    }
    return this.#refuse(
      at,
      decided.problem ?? problem('unique_taken', { table: table.name, columns, holder }),
      conflict,
    );
  }

  #caseAt(address: RowAddress): ChangeCase {
    const at = this.#cases.find((one) => one.address === address);
    invariant(at, 'a rule is broken by a row of the mutation');
    return at;
  }

  #refuse({ index }: ChangeCase, found: Problem, conflict?: PushConflict): Verdict {
    return refusal(this.#submitted, found, index, conflict);
  }

  #effects(): Effect[] {
    const effects: Effect[] = [];
    for (const [address, after] of this.#draft.changed) {
      const before = this.#draft.before(address);
      if (before === after) continue;
      effects.push({ address, table: tableOf(address), key: keyOfAddress(address), before, after });
    }
    return effects;
  }

  #rowFacts(change: Change, address: RowAddress): RowFacts {
    return rowFacts(this.#facts, this.#submitted, change, address, (mutationId) =>
      this.#batch.became(mutationId, address),
    );
  }

  /** Whether the principal holds a scope that the row was in. A row that never was is in reach of whoever makes it. */
  #isInReach(row: RowState | undefined, { op }: Change): boolean {
    if (row === undefined || (row.values === null && (!row.deleted || op === 'insert'))) return true;
    return this.#facts.isTrusted || row.scopes.some((scope) => this.#facts.scopes.has(scope));
  }

  /** An insert under the key of a row out of sight goes under another, and tells nothing of that row. */
  #outOfSight(at: ChangeCase): Verdict | 'again' {
    const { change, table } = at;
    const mayRename =
      change.op === 'insert' && table.conflicts.insert.kind === 'new-key' && canRenameKeys(table);
    if (!mayRename) return this.#refuse(at, outOfReach(change));
    const newKey = newKeyFor(this.#submitted.mutation.mutationId, table.name, change.key);
    return this.#giveUpKey(at, { newKey, kind: 'new-key', conflict: undefined });
  }

  #conflict({ table, change, address, server }: ChangeCase, draft: ConflictDraft): PushConflict {
    const { mutationId } = this.#submitted.mutation;
    return {
      ...draft,
      conflictId: derivedUuid(`conflict\n${mutationId}\n${draft.kind}\n${address}`),
      table: table.name,
      key: change.key,
      undo: server,
      flags: this.#mismatched.has(address) ? ['base-mismatch'] : [],
    };
  }

  /** Whether the client can work out the row from what it has: nobody else touched it since. */
  #isPlain({ change, address, isRenamed, row }: ChangeCase, { outcome, effect }: RowVerdict): boolean {
    if (outcome !== 'applied' || isRenamed || this.#submitted.offer !== undefined) return false;
    if (change.op === 'delete') return true;
    if (!this.#submitted.asSent || this.#draft.before(address) !== (row?.values ?? null)) return false;
    if (change.op === 'insert') return effect === 'insert';
    return change.confirmed !== undefined && change.confirmed.version === row?.version;
  }
}
