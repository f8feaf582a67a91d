/** Where an invariant is checked. */
export type CheckedBy = 'whole' | 'core' | 'elsewhere' | 'not-yet';

export interface Invariant {
  readonly id: string;
  readonly what: string;
  readonly checkedBy: readonly CheckedBy[];
  /** How it is checked, or why it is not. */
  readonly how: string;
}

const invariant = (id: string, what: string, checkedBy: readonly CheckedBy[], how: string): Invariant => ({
  id,
  what,
  checkedBy,
  how,
});

/** The invariants of the reliability plan: what is checked, where, and what is not. */
export const INVARIANTS: readonly Invariant[] = [
  invariant(
    'I1',
    'convergence',
    ['whole', 'core'],
    'at rest every screen is what plain SQL says the user may see',
  ),
  invariant(
    'I2',
    'no lost acknowledged write',
    ['whole', 'core'],
    'each write has an end in the outbox, and the server knows of the same end',
  ),
  invariant(
    'I3',
    'exactly-once effects',
    ['whole', 'core'],
    'counters moved by the sum of the settled writes; no id settled twice',
  ),
  invariant(
    'I4',
    'read your writes',
    ['whole', 'core'],
    'an unsettled edit shows in every read of its device',
  ),
  invariant(
    'I5',
    'monotonic reads',
    ['whole', 'core'],
    'no device reads an older committed value after a newer one',
  ),
  invariant(
    'I6',
    'monotonic writes',
    ['core'],
    'stamps rise; nothing is sent before an earlier edit of its row or what it needs',
  ),
  invariant('I7', 'writes follow reads', ['core'], 'a stamp is later than all that its device had seen'),
  invariant('I8', 'atomic batches', ['whole'], 'the rows of an applied mutation commit in one transaction'),
  invariant('I9', 'prefix', ['core'], 'by its consequence: a hole in a page is a difference at rest (I1)'),
  invariant(
    'I10',
    'the cursor is never ahead of what is durable',
    ['whole'],
    'by its consequence: devices are killed anywhere and must converge (I1)',
  ),
  invariant(
    'I11',
    'tombstone safety',
    ['whole', 'core'],
    'a deleted row that comes back is a difference at rest (I1)',
  ),
  invariant(
    'I12',
    'clock immunity',
    ['core'],
    'every eighth seed runs again with all clocks right and must end the same',
  ),
  invariant('I13', 'determinism of merge', ['elsewhere'], 'laws by properties in packages/core (CORE-LAW)'),
  invariant(
    'I14',
    'conflict completeness',
    ['whole', 'core'],
    'core: the columns of each conflict are those of the oracle; whole: what was superseded has a record',
  ),
  invariant(
    'I15',
    'policy exactness',
    ['core', 'whole'],
    'core: each outcome and row is the oracle’s; whole: what was applied stands as sent',
  ),
  invariant(
    'I16',
    'no privilege leak',
    ['whole'],
    'all bytes received are searched for rows and columns that the user never might see',
  ),
  invariant(
    'I17',
    'liveness',
    ['whole', 'core'],
    'once faults stop, all comes to rest in the stated time or says why not',
  ),
  invariant(
    'I18',
    'no poison',
    ['whole', 'core'],
    'what is refused holds up nothing that does not depend on it (I17)',
  ),
  invariant(
    'I19',
    'bounded',
    ['whole'],
    'in every fourth seed, a hundred days after the last write: entries, stored outcomes, ranges of numbers, audit, outboxes and staged pages are within a formula',
  ),
  invariant(
    'I20',
    'status truth',
    ['whole', 'core'],
    'the status is compared with the outbox and the network at each step',
  ),
  invariant(
    'I21',
    'epoch',
    ['whole'],
    'what a device had settled and holds is on the server again after a restore',
  ),
  invariant('I22', 'media', ['not-yet'], 'media are not built yet'),
  invariant(
    'I23',
    'audit',
    ['whole'],
    'at rest the audit, replayed from its beginning, gives the rows; no number of a device is missing',
  ),
  invariant(
    'I24',
    'backup',
    ['whole'],
    'the server is restored from dumps under load (F29); at rest I1 holds',
  ),
  invariant(
    'I25',
    'version skew',
    ['whole'],
    'devices of three schema versions write at once; at rest I1 holds in the words of each',
  ),
];
