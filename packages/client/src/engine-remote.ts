import { InvariantError, isErrorCode, type Problem, SatchelError } from '@satchel/protocol';
import type { Engine } from './engine.ts';
import type { Channel, EngineAnswer, EngineRequest } from './engine-message.ts';
import type { EnginePort } from './engine-port.ts';

type Waiting = { readonly done: (result: unknown) => void; readonly failed: (error: Error) => void };

/** The app's end of the channel to an engine in another thread. */
export const remotePort = (channel: Channel): EnginePort => {
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let gone: string | undefined;

  const ask = (request: (id: number) => EngineRequest): Promise<unknown> => {
    if (gone !== undefined) return Promise.reject(new SatchelError('database_closed', { reason: gone }));
    const id = nextId++;
    return new Promise((done, failed) => {
      waiting.set(id, { done, failed });
      channel.post(request(id));
    });
  };

  channel.onMessage((message) => {
    const answer = message as EngineAnswer;
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    switch (answer.kind) {
      case 'done':
        return asked?.done(answer.result);
      case 'problem':
        return asked?.failed(problemToError(answer.problem));
      case 'crash':
        return asked?.failed(new InvariantError(`${answer.message}\n${answer.stack}`));
    }
  });
  channel.onGone((reason) => {
    gone = reason;
    for (const { failed } of waiting.values()) failed(new SatchelError('database_closed', { reason }));
    waiting.clear();
  });

  return {
    async call(method, ...args) {
      const result = await ask((id) => ({ id, kind: 'call', method, args }));
      return result as ReturnType<Engine[typeof method]>;
    },
    async settled() {
      await ask((id) => ({ id, kind: 'flush' }));
    },
    async close() {
      if (gone !== undefined) return;
      await ask((id) => ({ id, kind: 'close' }));
      gone = 'closed';
    },
  };
};

/** An error that crossed a thread or the network as data. */
export const problemToError = (problem: Problem): Error =>
  isErrorCode(problem.code)
    ? new SatchelError(problem.code, problem.params)
    : new SatchelError('answer_invalid', { code: problem.code });
