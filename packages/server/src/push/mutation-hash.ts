import { hash } from 'node:crypto';
import { canonicalJson } from '@satchel/core';
import type { Json, Mutation } from '@satchel/protocol';

/**
 * What the user did, in one text whatever way it came. `offer` and `origin` are left
 * out: they are added when a settled mutation is offered again or its device gets a new
 * client id.
 */
export const mutationContent = (mutation: Mutation): string => {
  const { mutationId, seq, hlc, author, schemaVersion, changes } = mutation;
  return canonicalJson({ mutationId, seq, hlc, author, schemaVersion, changes } as unknown as Json);
};

/** SHA-256 of the content, in hex. */
export const hashContent = (content: string): string => hash('sha256', content, 'hex');
