/**
 * The live connection, as a function of (state, event). The shell performs the effects
 * in their order and feeds back what happened.
 *
 * ```
 *   stopped -> offline -> connecting -> greeting -> live
 *                  ^          \            |         |
 *                  |           +--> waiting (back-off) <--+
 *                  +-- network-lost from anywhere       needs-auth, refused
 * ```
 */
export const CONNECTION_STATES = [
  /** Nobody wants it. */
  'stopped',
  /** The device has no network. */
  'offline',
  /** The socket is being opened. */
  'connecting',
  /** `hello` was sent. */
  'greeting',
  'live',
  /** Waits before the next try. */
  'waiting',
  /** Waits for a new token. */
  'needs-auth',
  /** The client is revoked, or speaks what the server refuses: only `start` tries again. */
  'refused',
] as const;
export type ConnectionKind = (typeof CONNECTION_STATES)[number];

export interface ConnectionState {
  readonly kind: ConnectionKind;
  /** Tries that failed since the connection was last live. */
  readonly attempt: number;
}

export const CONNECTION_EVENTS = [
  'start',
  'stop',
  'network-lost',
  'network-regained',
  /** The socket is open. */
  'opened',
  /** The server said `ready`. */
  'ready',
  /** The socket closed, or did not open in time. */
  'lost',
  /** The server closed it: this session is too far behind. */
  'behind',
  'auth-failed',
  'token-changed',
  'refused',
  /** The back-off is over. */
  'timer',
] as const;
export type ConnectionEvent = (typeof CONNECTION_EVENTS)[number];

export type ConnectionEffect =
  | 'open'
  | 'close'
  | 'hello'
  /** Set the timer: `nextDelay(attempt)`. */
  | 'wait'
  | 'cancel-wait'
  /** Hand the new token over on the open socket. */
  | 'send-token'
  /** Something may have been missed: pull. */
  | 'pull'
  /** Ask the app for a token. */
  | 'ask-token';

interface Step {
  readonly to: ConnectionKind;
  readonly effects: readonly ConnectionEffect[];
  /** Default: the count stays. */
  readonly attempt?: 'reset' | 'add';
}

const step = (to: ConnectionKind, effects: readonly ConnectionEffect[], attempt?: 'reset' | 'add'): Step =>
  attempt === undefined ? { to, effects } : { to, effects, attempt };

/** Absent: nothing to do, the state stays. */
const TRANSITIONS: Readonly<Record<ConnectionKind, Readonly<Partial<Record<ConnectionEvent, Step>>>>> = {
  stopped: {
    start: step('connecting', ['open'], 'reset'),
  },
  offline: {
    stop: step('stopped', []),
    'network-regained': step('connecting', ['open'], 'reset'),
  },
  connecting: {
    stop: step('stopped', ['close']),
    'network-lost': step('offline', ['close']),
    opened: step('greeting', ['hello']),
    lost: step('waiting', ['wait'], 'add'),
    'auth-failed': step('needs-auth', ['close', 'ask-token']),
    refused: step('refused', ['close']),
  },
  greeting: {
    stop: step('stopped', ['close']),
    'network-lost': step('offline', ['close']),
    ready: step('live', ['pull'], 'reset'),
    lost: step('waiting', ['wait'], 'add'),
    behind: step('waiting', ['close', 'pull', 'wait'], 'add'),
    'auth-failed': step('needs-auth', ['close', 'ask-token']),
    'token-changed': step('greeting', ['send-token']),
    refused: step('refused', ['close']),
  },
  live: {
    stop: step('stopped', ['close']),
    'network-lost': step('offline', ['close']),
    lost: step('waiting', ['wait'], 'add'),
    behind: step('waiting', ['close', 'pull', 'wait'], 'add'),
    'auth-failed': step('needs-auth', ['close', 'ask-token']),
    'token-changed': step('live', ['send-token']),
    refused: step('refused', ['close']),
  },
  waiting: {
    stop: step('stopped', ['cancel-wait']),
    'network-lost': step('offline', ['cancel-wait']),
    // A network that is there again is a new one: no reason to wait.
    'network-regained': step('connecting', ['cancel-wait', 'open'], 'reset'),
    timer: step('connecting', ['open']),
  },
  'needs-auth': {
    stop: step('stopped', []),
    'token-changed': step('connecting', ['open'], 'reset'),
  },
  refused: {
    stop: step('stopped', []),
    start: step('connecting', ['open'], 'reset'),
    // Another user, or the same one let in again.
    'token-changed': step('connecting', ['open'], 'reset'),
  },
};

export const STOPPED: ConnectionState = { kind: 'stopped', attempt: 0 };

export const transitionConnection = (
  state: ConnectionState,
  event: ConnectionEvent,
): { readonly state: ConnectionState; readonly effects: readonly ConnectionEffect[] } => {
  const taken = TRANSITIONS[state.kind][event];
  if (!taken) return { state, effects: [] };
  const attempt = taken.attempt === 'reset' ? 0 : taken.attempt === 'add' ? state.attempt + 1 : state.attempt;
  return { state: { kind: taken.to, attempt }, effects: taken.effects };
};
