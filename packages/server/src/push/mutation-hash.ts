import { createHash } from 'node:crypto';
import { canonicalJson } from '@satchel/core';
import type { Json, Mutation } from '@satchel/protocol';

/**
 * SHA-256, in hex, of what the user did. `offer` and `origin` are left out: they are
 * added when a settled mutation is offered again or its device gets a new client id.
 */
export const mutationHash = (mutation: Mutation): string => {
  const { mutationId, seq, hlc, author, schemaVersion, changes } = mutation;
  const content = { mutationId, seq, hlc, author, schemaVersion, changes } as unknown as Json;
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
};
