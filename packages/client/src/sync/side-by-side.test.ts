import type { PageLine, PushResponse } from '@satchel/protocol';
import { SatchelError } from '@satchel/protocol';
import { VirtualTime } from '@satchel/testing/virtual-time';
import { describe, expect, it } from 'vitest';
import { downloaderOf } from '../../test/downloader-fixture.ts';
import type { OutboxBatch, PageTaken, TakenIn } from '../engine.ts';
import type { EnginePort } from '../engine-port.ts';
import type { PullAnswer, Transport } from './transport.ts';
import { Uploader } from './uploader.ts';

/** Writes down what is asked of the engine and of the server, in its order. */
class Order {
  readonly steps: string[] = [];
  readonly #answers = new Map<string, (...args: never[]) => unknown>();

  on(method: string, answer: (...args: never[]) => unknown): void {
    this.#answers.set(method, answer);
  }

  get port(): EnginePort {
    const call = async (method: string, ...args: never[]): Promise<unknown> => {
      const answer = this.#answers.get(method);
      const given = answer?.(...args);
      this.steps.push(
        `${method}${typeof given === 'object' && given && 'batchId' in given ? ` ${given.batchId}` : ''}`,
      );
      return given;
    };
    return { call, settled: async () => {}, close: async () => {} } as unknown as EnginePort;
  }

  transport(parts: Partial<Transport>): Transport {
    return parts as Transport;
  }
}

const batch = (name: string, mutations = 2): OutboxBatch => ({
  batchId: name,
  clientId: 'c',
  runId: 'r',
  mutations: Array.from({ length: mutations }, () => ({}) as OutboxBatch['mutations'][number]),
  bytes: 10,
  lane: 'low',
});

const TAKEN: TakenIn = {
  tables: [],
  settled: 2,
  quarantined: 0,
  review: 0,
  held: 0,
  putBack: 0,
  outcomes: [],
};

const uploaderOf = (order: Order, batches: OutboxBatch[], transport: Partial<Transport>): Uploader => {
  order.on('takeBatch', () => batches.shift() ?? null);
  order.on('takeAnswers', () => TAKEN);
  return new Uploader({
    port: order.port,
    transport: order.transport(transport),
    clock: new VirtualTime(),
    schemaVersion: 1,
    clientReport: () => ({}),
    lanes: () => ['low'],
    batchOf: () => ({ maxItems: 2, maxBytes: 1_000 }),
    took: () => {},
    refused: () => {},
  });
};

const answerTo = (batchId: string): PushResponse => ({ batchId, serverTime: 0, epoch: 'e', answers: [] });

describe('device and server work side by side', () => {
  it('[SYNC-60] while a batch is on its way the answer before it is taken in, and the next one made ready', async () => {
    const order = new Order();
    const uploader = uploaderOf(order, [batch('b1'), batch('b2'), batch('b3')], {
      push: async (request, _signal, sent) => {
        order.steps.push(`sent ${request.batchId}`);
        sent?.();
        await new Promise((done) => setImmediate(done));
        order.steps.push(`answered ${request.batchId}`);
        return answerTo(request.batchId);
      },
    });
    expect(await uploader.drain(new AbortController().signal, () => {})).toBeNull();
    expect(order.steps.filter((step) => step !== 'takeBatch')).toEqual([
      'takeBatch b1',
      'sent b1',
      'takeBatch b2',
      'answered b1',
      'sent b2',
      'takeAnswers',
      'takeBatch b3',
      'answered b2',
      'sent b3',
      'takeAnswers',
      'answered b3',
      'takeAnswers',
    ]);
  });

  it('[SYNC-60] a batch made ready goes back when the one before it fails, or the run is called off', async () => {
    for (const calledOff of [false, true]) {
      const order = new Order();
      const returned: string[] = [];
      order.on('returnBatch', (id: never) => returned.push(id));
      const abort = new AbortController();
      const uploader = uploaderOf(order, [batch('b1'), batch('b2')], {
        push: async (request, _signal, sent) => {
          sent?.();
          await new Promise((done) => setImmediate(done));
          if (!calledOff) throw new SatchelError('network_unreachable');
          abort.abort();
          return answerTo(request.batchId);
        },
      });
      const failure = await uploader.drain(abort.signal, () => {});
      expect(failure?.problem.code).toBe(calledOff ? undefined : 'network_unreachable');
      expect(returned).toEqual(calledOff ? ['b2'] : ['b2', 'b1']);
      expect(order.steps.includes('takeAnswers')).toBe(calledOff);
    }
  });

  it.each([
    ['a page told of before', 0, 5],
    ['that put all of their batch back', 2, 3],
  ])('[SYNC-68] of answers %s: %i go back of each two, and %i batches are sent', async (_, putBack, sent) => {
    const order = new Order();
    const names = ['b1', 'b2', 'b3', 'b4', 'b5'];
    const uploader = uploaderOf(
      order,
      names.map((name) => batch(name)),
      {
        push: async (request, _signal, underWay) => {
          order.steps.push(`sent ${request.batchId}`);
          underWay?.();
          return answerTo(request.batchId);
        },
      },
    );
    order.on('takeAnswers', () => ({ ...TAKEN, settled: 0, putBack }));
    expect(await uploader.drain(new AbortController().signal, () => {})).toBeNull();
    expect(order.steps.filter((step) => step.startsWith('sent'))).toHaveLength(sent);
  });

  it('[SYNC-61] the next page is asked for before this one is taken in, and dropped when it cannot follow', async () => {
    const order = new Order();
    const page = (cursor: string, more: boolean): PullAnswer => ({
      kind: 'page',
      lines: [{ line: 'tail', cursor, checkpoint: !more, more } as PageLine],
    });
    const answers = [page('c1', true), page('c2', true), page('c2', false)];
    const taken: PageTaken[] = [
      { kind: 'taken', tables: [], checkpoint: false, more: true, rows: 1, quarantined: 0 },
      { kind: 'not-from-here' },
      { kind: 'taken', tables: [], checkpoint: true, more: false, rows: 1, quarantined: 0 },
    ];
    let cursor: string | null = null;
    order.on('cursor', () => ({ token: cursor, digest: null }));
    order.on('settledToAck', () => []);
    order.on('takePage', () => {
      cursor = 'elsewhere';
      return taken.shift();
    });
    const downloader = downloaderOf(order.port, {
      pull: async (request, _digest, _signal, sent) => {
        order.steps.push(`pull ${request.cursor}`);
        sent?.();
        if (request.cursor === 'c2') throw new SatchelError('network_unreachable');
        return answers.shift()!;
      },
    });
    expect(await downloader.drain(new AbortController().signal, () => {})).toBeNull();
    expect(order.steps.filter((step) => /^(pull|takePage)/.test(step))).toEqual([
      'pull null',
      'pull c1',
      'takePage',
      'pull c2',
      'takePage',
      'pull elsewhere',
      'takePage',
    ]);
  });

  it('[SYNC-61] where the answer begins with the next cursor that page is asked for at once, one ahead and no more', async () => {
    const order = new Order();
    const rows = 4;
    const calls: { readonly arrive: () => void; readonly begin: () => void }[] = [];
    let taken = 0;
    order.on('cursor', () => ({ token: null, digest: null }));
    order.on('settledToAck', () => []);
    order.on('takePage', () => {
      taken += 1;
      const more = taken < 3;
      return { kind: 'taken', tables: [], checkpoint: !more, more, rows: 1, quarantined: 0 };
    });
    const downloader = downloaderOf(order.port, {
      pull: (request, _digest, _signal, sent, next) =>
        new Promise((done) => {
          order.steps.push(`pull ${request.cursor}`);
          const number = calls.length + 1;
          const cursor = `c${number}`;
          const more = number < rows;
          const line = { line: 'tail', cursor, checkpoint: !more, more } as PageLine;
          calls.push({
            // A head that promises another page than the tail is not believed.
            begin: () => more && next?.(number === 2 ? 'wrong' : cursor),
            arrive: () => done({ kind: 'page', lines: [line] }),
          });
          sent?.();
        }),
    });
    const turn = () => new Promise((done) => setImmediate(done));
    const drained = downloader.drain(new AbortController().signal, () => {});
    await turn();
    calls[0]!.begin();
    expect(order.steps.at(-1)).toBe('pull c1');
    calls[1]!.begin();
    await turn();
    expect(order.steps.at(-1)).toBe('pull c1');
    calls[0]!.arrive();
    await turn();
    expect(order.steps.filter((step) => /^(pull|takePage)/.test(step)).slice(-2)).toEqual([
      'takePage',
      'pull wrong',
    ]);
    calls[1]!.arrive();
    await turn();
    expect(order.steps.filter((step) => /^(pull|takePage)/.test(step)).slice(-2)).toEqual([
      'pull c2',
      'takePage',
    ]);
    calls[3]!.arrive();
    expect(await drained).toBeNull();
  });
});
