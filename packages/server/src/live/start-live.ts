import type { ServerContext } from '../context.ts';
import { type Authenticate, LiveSessions, type TakePush } from './sessions.ts';
import { Tailer } from './tailer.ts';

/** The live side of one node. */
export interface Live {
  readonly sessions: LiveSessions;
  readonly tailer: Tailer;
  /** Closes every session and stops listening. */
  stop(): Promise<void>;
}

/**
 * Starts the live side of a node; mount it on an HTTP server with `attachLive`.
 *
 * @example
 * ```ts
 * const live = await startLive(ctx, authenticate);
 * attachLive(server, live.sessions);
 * ```
 */
export const startLive = async (
  ctx: ServerContext,
  authenticate: Authenticate,
  /** Absent: nothing is pushed over its connections. */
  push?: TakePush,
): Promise<Live> => {
  const tailer = new Tailer(ctx);
  await tailer.start();
  const sessions = new LiveSessions(ctx, tailer, authenticate, push);
  return {
    sessions,
    tailer,
    stop: async () => {
      sessions.stop();
      await sessions.pushed();
      await tailer.stop();
    },
  };
};
