/**
 * The version of the native wire protocol that this build speaks.
 *
 * | version | what changed |
 * |---|---|
 * | 1 | first version |
 *
 * A change of any message schema must raise it: `protocol-version.test.ts` hashes
 * the schemas and fails when they move and the number does not.
 */
export const PROTOCOL_VERSION = 1;

/**
 * The oldest protocol version that this build still answers. It may only rise when
 * every client that speaks less is past its support window, because a client below
 * it cannot upload what its people wrote.
 */
export const PROTOCOL_FLOOR = 1;
