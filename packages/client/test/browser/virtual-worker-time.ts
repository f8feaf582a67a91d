/** What a page tells its worker, and what the worker answers when it is there. */
export interface TimeMessage {
  readonly kind: 'go' | 'there';
  /** UTC milliseconds. */
  readonly to: number;
}

export const TIME_CHANNEL = 'virtual-time';

interface Waiting {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Puts a worker on a time that moves only when its page says so: its clock, and every
 * timer that waits at all. What takes no time, a zero delay, comes as ever, and so do the
 * network and the disk: they are as fast as they are, and cost no virtual time.
 */
export const installVirtualTime = (start: number): void => {
  const realTimeout = globalThis.setTimeout;
  const realClear = globalThis.clearTimeout;
  const waiting = new Map<number, Waiting>();
  let now = start;
  // Far above the numbers of real timers.
  let next = 2 ** 40;

  Date.now = () => now;
  globalThis.setTimeout = ((run: () => void, delay = 0) => {
    if (delay <= 0) return realTimeout(run, 0);
    const id = next++;
    waiting.set(id, { at: now + delay, order: id, run });
    return id;
  }) as typeof setTimeout;
  globalThis.clearTimeout = ((id: number) => {
    if (!waiting.delete(id)) realClear(id);
  }) as typeof clearTimeout;

  const turn = (): Promise<void> => new Promise((done) => realTimeout(done, 0));
  const goTo = async (to: number): Promise<void> => {
    for (;;) {
      const due = [...waiting.entries()]
        .filter(([, { at }]) => at <= to)
        .sort(([, a], [, b]) => a.at - b.at || a.order - b.order)[0];
      if (!due) break;
      const [id, { at, run }] = due;
      waiting.delete(id);
      now = Math.max(now, at);
      run();
      await turn();
    }
    now = to;
  };

  const channel = new BroadcastChannel(TIME_CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<TimeMessage>) => {
    if (data.kind === 'go')
      goTo(data.to).then(() => channel.postMessage({ kind: 'there', to: data.to } satisfies TimeMessage));
  };
};

/** The page's end: resolves when every timer up to then has run. */
export const advanceTo = (to: number): Promise<void> =>
  new Promise((done) => {
    const channel = new BroadcastChannel(TIME_CHANNEL);
    channel.onmessage = ({ data }: MessageEvent<TimeMessage>) => {
      if (data.kind !== 'there' || data.to !== to) return;
      channel.close();
      done();
    };
    channel.postMessage({ kind: 'go', to } satisfies TimeMessage);
  });
