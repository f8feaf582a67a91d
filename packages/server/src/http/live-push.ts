import type { Random } from '@satchel/core';
import type { PushRequest, PushResponse } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { Operations } from './operations.ts';
import { checkStorable } from './parse-request.ts';
import type { RateLimits } from './rate-limit.ts';
import { requestIdOf } from './request-id.ts';

/**
 * Takes a push that came over a live connection as the route of `POST /v1/push` takes
 * one: counted as a request, refused to clients that are locked out (by the push itself),
 * kept whole.
 */
export const takeLivePush =
  (given: {
    readonly operations: Pick<Operations, 'push'>;
    readonly rate: Pick<RateLimits, 'principal'>;
    readonly random: Random;
  }) =>
  async (principal: Principal, request: PushRequest): Promise<PushResponse> => {
    await given.rate.principal(principal.id);
    checkStorable({ ...request, mutations: undefined });
    return await given.operations.push(principal, request, JSON.stringify(request), {
      requestId: requestIdOf(null, given.random),
      address: 'live',
    });
  };
