import type { PushRequest } from '@satchel/protocol';
import { VirtualTime } from '@satchel/testing/virtual-time';
import { describe, expect, test } from 'vitest';
import { LivePushes } from './live-pushes.ts';

const CLIENT = '0192f0c1-7a3e-7c11-9a5e-000000000001';
const request = (more: Partial<PushRequest> = {}): PushRequest => ({
  protocolVersion: 1,
  schemaVersion: 1,
  batchId: '0192f0c1-7a3e-7c11-9a5e-000000000002',
  clientId: CLIENT,
  runId: '0192f0c1-7a3e-7c11-9a5e-000000000003',
  sentAt: `1:0:${CLIENT}`,
  client: { pending: 0 },
  mutations: [
    {
      mutationId: '0192f0c1-7a3e-7c11-9a5e-000000000004',
      seq: 1,
      hlc: `1:0:${CLIENT}`,
      author: 'ana',
      schemaVersion: 1,
      changes: [{ table: 'tasks', op: 'update', key: 'a', values: { done: true } }],
    },
  ],
  ...more,
});
const opened = () => {
  const time = new VirtualTime();
  const messages: { readonly id: number }[] = [];
  const pushes = new LivePushes({ clientId: CLIENT, userId: 'ana', schemaVersion: 1 }, time, (message) =>
    messages.push(message as { readonly id: number }),
  );
  const push = (given = request(), abort = new AbortController()) =>
    pushes.push(given, abort.signal, () => {});
  return { time, messages, pushes, push };
};

describe('pushes over the live connection', () => {
  test('[SYNC-70] versions alone are the answers; a problem is thrown by its code', async () => {
    const { messages, pushes, push } = opened();
    const first = push();
    pushes.answered({ type: 'answer', id: messages[0]!.id, serverTime: 5, versions: [[9]] });
    expect(await first).toMatchObject({
      serverTime: 5,
      answers: [{ outcome: { outcome: 'applied', changes: [{ table: 'tasks', key: 'a', version: 9 }] } }],
    });
    const second = push();
    pushes.answered({ type: 'answer', id: 99, serverTime: 5, versions: [[9]] });
    pushes.answered({
      type: 'answer',
      id: messages[1]!.id,
      problem: { code: 'rate_limited', params: { retryAfter: 3 } },
    });
    await expect(second).rejects.toMatchObject({ code: 'rate_limited', params: { retryAfter: 3 } });
  });

  test('[SYNC-71] without an answer, for the end of the connection or for silence, it is to go by HTTP', async () => {
    const { time, pushes, push } = opened();
    const ended = push();
    pushes.end();
    expect(await ended).toBeNull();
    const silent = push();
    await time.advance(10_001);
    expect(await silent).toBeNull();
  });

  test('[SYNC-71] a push that is called off fails', async () => {
    const { push } = opened();
    const abort = new AbortController();
    const asked = push(request(), abort);
    abort.abort();
    await expect(asked).rejects.toMatchObject({ code: 'network_unreachable' });
  });

  test('[SYNC-72] what is long, of another client, or tells of runs goes by HTTP, and so does a second at once', () => {
    const { messages, push } = opened();
    const run = {
      startedAt: 1,
      endedAt: 2,
      trigger: 'hand',
      sent: 0,
      received: 0,
      rowsDown: 0,
      mutationsUp: 0,
    };
    expect(push(request({ client: { pending: 0, runs: [run] } }))).toBeNull();
    expect(push(request({ clientId: '0192f0c1-7a3e-7c11-9a5e-000000000009' }))).toBeNull();
    const [only] = request().mutations;
    const values = { done: 'x'.repeat(2_000) };
    const long = { ...only!, changes: [{ table: 'tasks', op: 'update' as const, key: 'a', values }] };
    expect(push(request({ mutations: [long] }))).toBeNull();
    expect(messages).toEqual([]);
    expect(push()).not.toBeNull();
    // What was not sent was not said either.
    expect(messages[0]).toHaveProperty('push.runId');
    expect(push()).toBeNull();
  });
});
