import type { Scheduler } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import { errorReply } from './error-answer.ts';
import { type Listening, listen } from './listen.ts';
import { type MetricsParts, metricsAnswer } from './public-pages.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Serves `/metrics`, and nothing else, without a token: for an address that only the operator can reach. */
export const listenForMetrics = (
  parts: MetricsParts,
  where: { readonly host: string; readonly port: number },
  scheduler: Scheduler,
): Promise<Listening> =>
  listen(
    async (request) => {
      if (request.method === 'GET' && new URL(request.url).pathname === '/metrics')
        return await metricsAnswer(parts);
      const { status, body } = errorReply(new SatchelError('not_found'), 'none');
      return Response.json(body, { status, headers: SECURITY_HEADERS });
    },
    where,
    scheduler,
  );
