import type { Scheduler, Timer } from '@satchel/core';
import type pg from 'pg';
import { quote } from './quote.ts';

export interface ListenerOptions {
  /** A connected client of its own: a pooled one would have to be held for good. */
  readonly connect: () => Promise<pg.Client>;
  readonly channel: string;
  readonly heard: (payload: string) => void;
  readonly reconnected: () => void;
  readonly lost: (error: unknown) => void;
  readonly scheduler?: Scheduler;
}

/** Milliseconds between attempts: the first, doubled up to the last. */
const FIRST_DELAY = 50;
const LAST_DELAY = 5_000;

/** Listens until the returned function is called. The first connection must succeed; lost ones are made anew. */
export const listenForever = async (options: ListenerOptions): Promise<() => Promise<void>> => {
  const scheduler = options.scheduler ?? timers;
  let closed = false;
  let current: pg.Client | undefined;
  let timer: Timer | undefined;

  const open = async (): Promise<void> => {
    const client = await options.connect();
    client.on('notification', ({ channel, payload }) => {
      if (channel === options.channel) options.heard(payload ?? '');
    });
    await client.query(`listen ${quote(options.channel)}`);
    if (closed) return client.end();
    current = client;
    client.once('end', () => {
      if (closed || current !== client) return;
      current = undefined;
      again(FIRST_DELAY);
    });
  };

  const again = (delay: number): void => {
    timer = scheduler.after(delay, () => {
      open().then(
        () => {
          if (!closed) options.reconnected();
        },
        (error: unknown) => {
          options.lost(error);
          if (!closed) again(Math.min(delay * 2, LAST_DELAY));
        },
      );
    });
  };

  await open();
  return async () => {
    closed = true;
    timer?.cancel();
    await current?.end();
  };
};

const timers: Scheduler = {
  after(delay, run) {
    const timeout = setTimeout(run, delay);
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
