/** Families of faults; the fixed set of seeds covers every pair of them. */
export const FAMILIES = [
  'network',
  'answers',
  'client',
  'storage',
  'clock',
  'server',
  'history',
  'rights',
  'schema',
  'data',
] as const;
export type Family = (typeof FAMILIES)[number];

interface FaultFacts {
  readonly family: Family;
  readonly what: string;
}

/**
 * Every fault that the simulation knows, by its number in the reliability plan; letters
 * tell apart the kinds that one number names. What is not here is in `NOT_SIMULATED`.
 */
export const FAULTS = {
  F1: { family: 'network', what: 'a request is lost before the server' },
  F2: { family: 'network', what: 'the reply is lost after the commit' },
  F3: { family: 'network', what: 'the reply is cut at a byte' },
  F4: { family: 'network', what: 'a request arrives twice' },
  F5: { family: 'network', what: 'delay and jitter' },
  F6: { family: 'network', what: 'requests of several connections arrive in another order' },
  F7: { family: 'network', what: 'one direction is lost for a while' },
  F8: { family: 'network', what: 'a partition, flapping' },
  F9: { family: 'answers', what: "a captive portal's page with status 200" },
  F10a: { family: 'answers', what: '429 with Retry-After' },
  F10b: { family: 'answers', what: '503' },
  F10c: { family: 'answers', what: '413' },
  F10d: { family: 'answers', what: '401 from in between' },
  F10e: { family: 'answers', what: '500' },
  F10f: { family: 'answers', what: '409' },
  F11: { family: 'network', what: 'a very slow line' },
  F12: { family: 'network', what: 'the address changes: open connections end' },
  F13: { family: 'answers', what: 'the body of a request or an answer is broken' },
  F14: { family: 'network', what: 'the live connection drops unsaid, or says things twice' },
  F15: { family: 'client', what: 'a device is killed between two steps' },
  F16: { family: 'client', what: 'a device is killed within a local transaction' },
  F17: { family: 'client', what: 'a device sleeps for seconds to days' },
  F18: { family: 'storage', what: 'the disk is full' },
  F19: { family: 'storage', what: 'the storage is evicted' },
  F20: { family: 'storage', what: "a device goes on from yesterday's copy" },
  F21: { family: 'storage', what: 'a device is cloned' },
  F22: { family: 'client', what: 'the database is opened a second time' },
  F23: { family: 'clock', what: "a device's clock is up to ten years off, and jumps" },
  F24: { family: 'schema', what: 'the app is upgraded with a full outbox' },
  F25: { family: 'rights', what: 'another user signs in on a device' },
  F26: { family: 'client', what: 'a device is killed in the background and opened again at once' },
  F27: { family: 'data', what: 'a bad record in the outbox' },
  F28a: { family: 'server', what: 'a server crashes before a commit' },
  F28b: { family: 'server', what: 'a server crashes after a commit, before the reply' },
  F29: { family: 'history', what: 'the database is restored from a backup' },
  F30: { family: 'history', what: 'PostgreSQL is killed and comes back' },
  F31: { family: 'server', what: 'an early transaction commits late' },
  F33: { family: 'schema', what: 'the schema is migrated, and scopes are redefined, under load' },
  F34: { family: 'history', what: 'tombstones are pruned while a device is away' },
  F35: { family: 'rights', what: 'a right is taken, a row moves to another scope' },
  F36: { family: 'rights', what: 'a token expires, a device is locked out' },
  F37: { family: 'server', what: 'devices change between two servers' },
  F38: { family: 'server', what: 'slow statements and waits for locks' },
  F39: {
    family: 'data',
    what: 'hard values: emoji, NFC and NFD twins, the largest integers, early and late dates',
  },
  F40: {
    family: 'data',
    what: 'the parent is missing; a unique code is taken by two devices; a key is used twice',
  },
  F41: { family: 'data', what: 'very many edits of one record' },
  F42: { family: 'data', what: 'delete and create again' },
} as const satisfies Readonly<Record<string, FaultFacts>>;

export type Fault = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as readonly Fault[];

/** Faults of the plan that no simulation here can fire, and why. */
export const NOT_SIMULATED: Readonly<Record<string, string>> = {
  F32: 'errors of fsync belong to PostgreSQL; the kill tests with real processes run with fsync on',
  F43: 'media travel apart and are not built yet',
};

export const familyOf = (fault: Fault): Family => FAULTS[fault].family;

/** Faults of a family, in order. */
export const faultsOf = (family: Family): readonly Fault[] =>
  FAULT_NAMES.filter((fault) => FAULTS[fault].family === family);

/** Every pair of two different families, in order. */
export const familyPairs = (): readonly (readonly [Family, Family])[] =>
  FAMILIES.flatMap((one, at) => FAMILIES.slice(at + 1).map((other) => [one, other] as const));

/** No fault has fired. */
export const noFaultsFired = (): Record<Fault, number> =>
  Object.fromEntries(FAULT_NAMES.map((fault) => [fault, 0])) as Record<Fault, number>;
