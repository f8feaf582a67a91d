import { createHmac } from 'node:crypto';
import type { Clock, Scheduler } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';

/** Who is told of alerts. */
export interface WebhookSettings {
  /** Told by POST, as JSON. */
  readonly url: string;
  /** Signs each request, see `signatureOf`; at least 16 bytes. */
  readonly secret: string;
  /** Milliseconds until an answer is given up on. Default 10,000. */
  readonly timeoutMs?: number;
  /** Default 8, over about twenty minutes. */
  readonly attempts?: number;
}

const MIN_SECRET_BYTES = 16;
const TIMEOUT = 10_000;

/** @throws `config_invalid` */
export const checkWebhook = ({ url, secret }: WebhookSettings): void => {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new SatchelError('config_invalid', {
      name: 'alert webhook',
      reason: 'it is no address of http or https',
    });
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
    throw new SatchelError('config_invalid', {
      name: 'alert secret',
      reason: `it has fewer than ${MIN_SECRET_BYTES} bytes`,
    });
};

/**
 * The header `satchel-signature`: the time of sending in UTC milliseconds, and the
 * HMAC-SHA256 of it, a dot and the body. A receiver computes the same and refuses old
 * times, so that a request can be neither forged nor sent again later.
 *
 * @example
 * ```ts
 * signatureOf(secret, 1764000000000, body); // 't=1764000000000,v1=9c1f…'
 * ```
 */
export const signatureOf = (secret: string, time: number, body: string): string =>
  `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;

/** @returns what is wrong, for the log; `undefined` when it was taken */
export const callWebhook = async (
  { url, secret, timeoutMs = TIMEOUT }: WebhookSettings,
  given: { readonly clock: Clock; readonly scheduler: Scheduler },
  alertId: string,
  body: string,
): Promise<string | undefined> => {
  const abort = new AbortController();
  const timer = given.scheduler.after(timeoutMs, () => abort.abort());
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'satchel-alert': alertId,
        'satchel-signature': signatureOf(secret, given.clock.now(), body),
      },
      body,
      // An answer that leads elsewhere is none: the address was checked, another was not.
      redirect: 'manual',
      signal: abort.signal,
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `status ${answer.status}`;
  } catch {
    return abort.signal.aborted ? `no answer in ${timeoutMs} ms` : 'not reached';
  } finally {
    timer.cancel();
  }
};
