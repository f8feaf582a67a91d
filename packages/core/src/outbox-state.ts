/**
 * The life of a mutation on its device.
 *
 * ```
 *            take            answer
 *   queued ---------> in-flight -----> settled
 *     ^  ^ \             |  |  \          |
 *     |  |  \ blocked    |  |   +-----> quarantined
 *     |  +---+-------    |  +---------> review -> settled, quarantined
 *     +------------------+              ^
 *      no answer; `failed` after the last attempt
 * ```
 */
export const OUTBOX_STATES = [
  'queued',
  'in-flight',
  'blocked',
  'review',
  'settled',
  'failed',
  'quarantined',
] as const;
export type OutboxState = (typeof OUTBOX_STATES)[number];

export const OUTBOX_EVENTS = [
  /** Sent in a batch. */
  'taken',
  /** The server answered applied, merged or superseded; by push or by a page. */
  'answered-settled',
  /** The server answered rejected, or cannot lift it. */
  'answered-rejected',
  /** The server holds it for a person. */
  'answered-review',
  /** An interim answer: its parent is missing, or earlier ones must come first. */
  'answered-interim',
  /** No answer came: attempts are left, or the device was offline, or the database was closed meanwhile. */
  'returned',
  /** No answer came, and it was the last attempt. */
  'exhausted',
  /** At start, on regained network, or by hand. */
  'retried',
  /** What it depends on cannot go. */
  'dependency-stuck',
  /** What it depends on can go, or went. */
  'dependency-freed',
  /** The right to one of its rows is gone. */
  'right-lost',
  /** The history of the server changed: what was settled is offered again. */
  'epoch-changed',
] as const;
export type OutboxEvent = (typeof OUTBOX_EVENTS)[number];

/** Absent: the event says nothing new, or cannot happen there, and the state stays. */
const TRANSITIONS: Readonly<Record<OutboxState, Readonly<Partial<Record<OutboxEvent, OutboxState>>>>> = {
  queued: {
    taken: 'in-flight',
    // A page can bring the outcome of a mutation whose answer was lost.
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    'answered-review': 'review',
    'dependency-stuck': 'blocked',
    'right-lost': 'quarantined',
  },
  'in-flight': {
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    'answered-review': 'review',
    'answered-interim': 'queued',
    returned: 'queued',
    exhausted: 'failed',
    // Not by a lost right: the answer says what became of it.
  },
  blocked: {
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    'answered-review': 'review',
    'dependency-freed': 'queued',
    'right-lost': 'quarantined',
  },
  review: {
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    // Not by a lost right: the server has it, and says what becomes of it.
    'epoch-changed': 'queued',
  },
  settled: {
    'epoch-changed': 'queued',
  },
  failed: {
    // The server may have had it all along.
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    'answered-review': 'review',
    retried: 'queued',
    'right-lost': 'quarantined',
  },
  quarantined: {
    // Its right was lost while the answer was: the server had taken it before. Else its
    // way ends here: what a person makes of it is a new mutation.
    'answered-settled': 'settled',
  },
};

/** The state after an event; `undefined` when the event changes nothing there. */
export const transitionOutbox = (state: OutboxState, event: OutboxEvent): OutboxState | undefined =>
  TRANSITIONS[state][event];

/** States whose changes are laid over the base: the server has not settled them. */
export const isUnsettled = (state: OutboxState): boolean => state !== 'settled' && state !== 'quarantined';
