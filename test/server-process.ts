import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ServerLimits } from '@satchel/server';

/** Where a server kills itself: at a statement of this name, or round the commit of its transaction. */
export interface ServerStep {
  readonly query: string;
  readonly at: 'query' | 'before-commit' | 'after-commit';
  /** At the how-manieth time. */
  readonly nth: number;
}

export interface ServerProcess {
  readonly port: number;
  readonly url: string;
  /** Resolves when the process is gone, with whether it died within its step. */
  readonly gone: Promise<{ readonly atStep: boolean }>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server of the ledger app from the built files, as a process of its own. */
export const startServerProcess = async (given: {
  readonly url: string;
  readonly secret: string;
  /** 0: any free one. */
  readonly port: number;
  readonly limits?: Partial<ServerLimits>;
  readonly step?: ServerStep;
}): Promise<ServerProcess> => {
  const child = forkBuilt('server.mjs', { SATCHEL_TEST_SERVER: JSON.stringify(given) });
  let atStep = false;
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const gone = new Promise<{ atStep: boolean }>((done) => child.once('exit', () => done({ atStep })));
  const port = await new Promise<number>((listening, failed) => {
    child.on('message', (message: { readonly kind: string; readonly port?: number }) => {
      if (message.kind === 'at-step') atStep = true;
      else if (message.port !== undefined) listening(message.port);
    });
    child.once('exit', () => (atStep ? listening(given.port) : failed(new Error(`no server: ${output}`))));
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await gone;
  };
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    gone,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
};

/** Runs a script of `processes/` as a stranger's program would: on what was built. */
export const forkBuilt = (script: string, environment: Record<string, string>): ChildProcess =>
  fork(fileURLToPath(new URL(`./processes/${script}`, import.meta.url)), [], {
    // The test runner's own conditions would lead to the sources.
    execArgv: [],
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
