import { expect, it } from 'vitest';
import { downloaderOf } from '../../test/downloader-fixture.ts';
import type { EnginePort } from '../engine-port.ts';

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
  const downloader = downloaderOf(port, { pull: async () => ({ kind: 'unchanged' }) }, ({ tables }) =>
    heard.push(tables),
  );
  expect(await downloader.drain(new AbortController().signal, () => {})).toBeNull();
  expect(steps).toEqual(['cursor', 'settledToAck', 'acked', 'takeUnchanged']);
  expect(heard).toEqual([['customers']]);
});
