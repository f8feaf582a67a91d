import type { Clock, Random } from '@satchel/core';
import { type PushRequest, type PushResponse, SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { Log } from '../context.ts';
import { errorReply, toldError } from './error-answer.ts';
import { errorReport } from './error-report.ts';
import type { Metrics } from './metrics.ts';
import type { Operations } from './operations.ts';
import { checkStorable } from './parse-request.ts';
import type { RateLimits } from './rate-limit.ts';
import { requestIdOf } from './request-id.ts';

/** The road in log and metrics; by HTTP it is `/v1/push`. */
const ROUTE = '/v1/live push';

/**
 * Takes a push that came over a live connection as the route of `POST /v1/push` takes
 * one: counted as a request, measured and logged as one, refused while the node stops and
 * to clients that are locked out (by the push itself), kept whole.
 */
export const takeLivePush =
  (given: {
    readonly operations: Pick<Operations, 'push'>;
    readonly rate: Pick<RateLimits, 'principal'>;
    readonly metrics: Pick<Metrics, 'request' | 'failed' | 'pushed'>;
    readonly log: Log;
    readonly clock: Clock;
    readonly random: Random;
    readonly stopping: () => boolean;
  }) =>
  async (principal: Principal, request: PushRequest): Promise<PushResponse> => {
    const { clock, log, metrics, operations, rate } = given;
    const startedAt = clock.now();
    const requestId = requestIdOf(null, given.random);
    const raw = JSON.stringify(request);
    const ended = (status: number, code?: string): void => {
      const ms = Math.max(0, clock.now() - startedAt);
      const received = raw.length;
      metrics.request({ route: ROUTE, method: 'LIVE', status, seconds: ms / 1000, received });
      const { clientId } = request;
      const told = code === undefined ? {} : { code };
      log.info(
        { requestId, route: ROUTE, clientId, received, method: 'LIVE', status, ms, ...told },
        'request',
      );
    };
    try {
      if (given.stopping()) throw new SatchelError('server_stopping');
      await rate.principal(principal.id);
      checkStorable({ ...request, mutations: undefined });
      const response = await operations.push(principal, request, raw, { requestId, address: 'live' });
      metrics.pushed(response);
      ended(200);
      return response;
    } catch (error) {
      const reply = errorReply(error, requestId);
      const { code } = reply.body.error;
      metrics.failed(code);
      if (reply.status >= 500 && code !== 'server_stopping')
        log.error({ requestId, route: ROUTE, code, error: errorReport(error) }, 'request failed');
      ended(reply.status, code);
      throw toldError(error, requestId);
    }
  };
