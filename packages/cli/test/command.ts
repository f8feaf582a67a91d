import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const SATCHEL = fileURLToPath(new URL('../bin/satchel.js', import.meta.url));
const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A folder in which `satchel` is run as a person would run it: its own temporary
 * folder, what npm installed within reach, nothing of the test's own environment.
 */
export interface Place {
  readonly folder: string;
  /** Where the command and its children put what is temporary. */
  readonly temporary: string;
  run(words: readonly string[], environment?: Environment): Promise<Ended>;
  /** One JSON value on standard output, and nothing else. */
  json<T = unknown>(words: readonly string[], environment?: Environment): Promise<T>;
  start(words: readonly string[], environment?: Environment): Running;
  /** Processes that work in the folder, were started with its temporary one, or name either. */
  processes(): string[];
  remove(): void;
}

type Environment = Readonly<Record<string, string>>;

export const newPlace = (): Place => {
  const folder = mkdtempSync(join(tmpdir(), 'satchel-cli-'));
  const temporary = mkdtempSync(join(tmpdir(), 'stl-'));
  // The embedded PostgreSQL may run as another account.
  for (const path of [folder, temporary]) chmodSync(path, 0o755);
  symlinkSync(MODULES, join(folder, 'node_modules'));
  const children: Running[] = [];
  const start = (words: readonly string[], environment: Environment = {}): Running => {
    const child = new Running(words, folder, {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      TMPDIR: temporary,
      ...environment,
    });
    children.push(child);
    return child;
  };
  const run = (words: readonly string[], environment?: Environment) => start(words, environment).ended;
  return {
    folder,
    temporary,
    start,
    run,
    json: async <T>(words: readonly string[], environment?: Environment) => {
      const { stdout, stderr } = await run([...words, '--json'], environment);
      expect(stderr).toBe('');
      return JSON.parse(stdout) as T;
    },
    processes: () => processesOf([folder, temporary]),
    remove: () => {
      for (const child of children) child.signal('SIGKILL');
      for (const path of [folder, temporary]) rmSync(path, { recursive: true, force: true });
    },
  };
};

/** A command under way, in a process group of its own as a terminal gives one. */
export class Running {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  readonly #heard = new Set<() => void>();

  constructor(words: readonly string[], cwd: string, env: Environment) {
    const child = spawn(process.execPath, [SATCHEL, ...words], {
      cwd,
      env: { ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk;
      for (const hear of this.#heard) hear();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk;
    });
    this.ended = once(child, 'close').then(([code]) => {
      for (const hear of this.#heard) hear();
      return { code: code as number | null, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Standard output so far, as soon as it has the text; fails if the command ends without. */
  async output(text: string): Promise<string> {
    await new Promise<void>((done, failed) => {
      const look = (): void => {
        if (this.#stdout.includes(text)) done();
        else if (this.#child.exitCode !== null || this.#child.signalCode !== null)
          failed(new Error(`ended without "${text}":\n${this.#stdout}\n${this.#stderr}`));
        else return;
        this.#heard.delete(look);
      };
      this.#heard.add(look);
      look();
    });
    return this.#stdout;
  }

  /** To the process and all its children, as a terminal sends Ctrl-C; or to it alone. */
  signal(signal: NodeJS.Signals, to: 'group' | 'process' = 'group'): void {
    try {
      process.kill(to === 'group' ? -this.pid : this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** By working directory, command line and environment, of whatever account. */
const processesOf = (folders: readonly string[]): string[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      const read = (what: () => string): string => {
        try {
          return what();
        } catch {
          return '';
        }
      };
      const words = read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      const about = [
        words,
        read(() => readlinkSync(`/proc/${pid}/cwd`)),
        read(() => readFileSync(`/proc/${pid}/environ`, 'utf8')),
      ].join('\n');
      return folders.some((folder) => about.includes(folder)) ? [`${pid} ${words}`] : [];
    });

/** The error that a command ended with, which says what to do. */
export const expectError = ({ stdout, stderr }: Ended, code: string): string => {
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^error: .+\.( \(\w+\))?\n {2}-> [A-Z].+[.!]\n$/s);
  expect(stderr).toContain(`(${code})`);
  return stderr;
};

/** The same, as one JSON value. */
export const expectJsonError = ({ stdout, stderr }: Ended, code: string): void => {
  expect(stdout).toBe('');
  expect(JSON.parse(stderr)).toEqual({
    error: {
      code,
      params: expect.any(Object),
      message: expect.stringMatching(/\.$/),
      remedy: expect.stringMatching(/^[A-Z].+\.$/s),
    },
  });
};
