import type { Random } from '@satchel/core';

const ACCEPTED = /^[A-Za-z0-9._-]{8,64}$/;

/** The caller's own id where it is harmless to log, else 16 random hex digits. */
export const requestIdOf = (header: string | null, random: Random): string =>
  header !== null && ACCEPTED.test(header) ? header : Buffer.from(random.bytes(8)).toString('hex');
