import { VirtualTime } from '@satchel/testing/virtual-time';
import { expect, it } from 'vitest';
import type { EnginePort } from '../engine-port.ts';
import { Downloader } from './downloader.ts';

it('[PAGE-25] that nothing changed is taken in, after what the server was told, and its rows are heard of', async () => {
  const steps: string[] = [];
  const heard: (readonly string[])[] = [];
  const answers: Record<string, unknown> = {
    cursor: { token: 'c', digest: 'd' },
    settledToAck: [{ runId: 'r', ranges: [[1, 1]] }],
    takeUnchanged: ['customers'],
  };
  const port = {
    call: async (method: string) => {
      steps.push(method);
      return answers[method];
    },
  } as unknown as EnginePort;
  const downloader = new Downloader({
    port,
    transport: { pull: async () => ({ kind: 'unchanged' as const }) } as never,
    clock: new VirtualTime(),
    schemaVersion: 1,
    clientId: () => 'c',
    subscription: () => undefined,
    clientReport: () => ({}),
    mayGo: () => true,
    took: ({ tables }) => heard.push(tables),
    answered: () => {},
  });
  expect(await downloader.drain(new AbortController().signal, () => {})).toBeNull();
  expect(steps).toEqual(['cursor', 'settledToAck', 'acked', 'takeUnchanged']);
  expect(heard).toEqual([['customers']]);
});
