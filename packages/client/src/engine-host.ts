import { SatchelError } from '@satchel/protocol';
import type { Engine } from './engine.ts';
import type { Channel, EngineRequest } from './engine-message.ts';

/**
 * The engine's end of the channel: runs calls by method name, one after the other,
 * and posts what they gave.
 */
export const hostEngine = (
  engine: Engine,
  flush: () => Promise<void>,
  channel: Channel,
  ended: () => void,
): void => {
  const methods = engine as unknown as Record<string, (...args: unknown[]) => unknown>;
  channel.onMessage((message) => {
    const request = message as EngineRequest;
    const fail = (error: unknown) => channel.post(failure(request.id, error));
    switch (request.kind) {
      case 'call': {
        try {
          const result = methods[request.method]?.apply(engine, [...request.args]);
          channel.post({ id: request.id, kind: 'done', result });
        } catch (error) {
          fail(error);
        }
        return;
      }
      case 'flush': {
        flush().then(() => channel.post({ id: request.id, kind: 'done', result: undefined }), fail);
        return;
      }
      case 'close': {
        try {
          engine.close();
          channel.post({ id: request.id, kind: 'done', result: undefined });
        } catch (error) {
          fail(error);
        }
        ended();
        return;
      }
    }
  });
};

/** What is posted for a call that failed. */
export const failure = (id: number, error: unknown) => {
  if (error instanceof SatchelError) return { id, kind: 'problem', problem: error.toProblem() } as const;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { id, kind: 'crash', message, stack: stack ?? '' } as const;
};
