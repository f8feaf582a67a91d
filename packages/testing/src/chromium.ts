import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { build, defaultClientConditions, type PluginOption } from 'vite';

export interface BuildPage {
  /** The module that the page starts with, an absolute path. */
  readonly entry: string;
  readonly plugins?: readonly PluginOption[];
  /** Modules that stand for others, by name: absolute paths. */
  readonly alias?: Readonly<Record<string, string>>;
  /** Default true; off where a stack should be read. */
  readonly minify?: boolean;
}

export interface BuiltPage {
  /** The folder with `index.html` in it. */
  readonly directory: string;
  remove(): void;
}

/**
 * Builds a page around one module with Vite, as an app would: workers as modules,
 * packages of this workspace from their sources.
 *
 * @example
 * ```ts
 * const built = await buildPage({ entry: fileURLToPath(new URL('./page.ts', import.meta.url)) });
 * ```
 */
export const buildPage = async (options: BuildPage): Promise<BuiltPage> => {
  const root = mkdtempSync(join(tmpdir(), 'satchel-page-'));
  writeFileSync(
    join(root, 'index.html'),
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>Satchel</title></head>' +
      '<body><div id="root"></div><script type="module" src="./start.js"></script></body></html>',
  );
  writeFileSync(join(root, 'start.js'), `import ${JSON.stringify(options.entry)};\n`);
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [...(options.plugins ?? [])],
    resolve: {
      conditions: ['source', ...defaultClientConditions],
      alias: { ...options.alias },
    },
    worker: { format: 'es' },
    build: {
      outDir: 'dist',
      target: 'esnext',
      minify: options.minify ?? true,
      chunkSizeWarningLimit: 10_000,
    },
  });
  return {
    directory: join(root, 'dist'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
};

export interface ServedPage {
  /** Ends with no slash. */
  readonly url: string;
  readonly origin: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** Serves a folder over real HTTP, with no headers that a plain server would not send. */
export const servePage = async (directory: string, port = 0): Promise<ServedPage> => {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const path = normalize(decodeURIComponent(pathname));
    try {
      const file = join(directory, path === '/' ? 'index.html' : path);
      const body = readFileSync(file);
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin,
    origin,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
};

export interface Chromium {
  readonly context: BrowserContext;
  /** The folder of the profile: what a browser that starts again finds. */
  readonly profile: string;
  /** Opens a page; what it logs as an error, and what it throws, goes to `problems`. */
  open(url: string): Promise<Page>;
  readonly problems: string[];
  /** SIGKILL to every process of this browser, as when the machine's power goes. */
  kill(): Promise<void>;
  /** Ends it in good order; the profile stays until `forget`. */
  close(): Promise<void>;
  /** Removes the profile. */
  forget(): void;
}

export interface LaunchChromium {
  /** Of an earlier launch; default a new one. */
  readonly profile?: string;
  readonly arguments?: readonly string[];
}

/** Starts the Chromium that `CHROMIUM_PATH` names (Debian's without it) on a profile of its own. */
export const launchChromium = async (options: LaunchChromium = {}): Promise<Chromium> => {
  const profile = options.profile ?? mkdtempSync(join(tmpdir(), 'satchel-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
      ...(options.arguments ?? []),
    ],
  });
  const problems: string[] = [];
  let gone = false;
  context.once('close', () => {
    gone = true;
  });
  return {
    context,
    profile,
    problems,
    async open(url) {
      const page = await context.newPage();
      page.on('pageerror', (error) => problems.push(String(error.stack ?? error)));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
      await page.goto(url);
      return page;
    },
    async kill() {
      const ended = gone
        ? Promise.resolve()
        : new Promise<void>((done) => context.once('close', () => done()));
      for (const pid of processesOf(profile)) signal(pid, 'SIGKILL');
      await ended;
    },
    async close() {
      if (!gone) await context.close();
    },
    forget: () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }),
  };
};

/** Stops (SIGSTOP) and continues (SIGCONT) the process that draws a page and runs its workers. */
export interface Renderer {
  readonly pid: number;
  freeze(): void;
  thaw(): void;
  kill(): void;
}

/** Ticks (hundredths of a second) by which the counting process must lead every other. */
const CLEAR_LEAD = 20;
const COUNTING_ROUNDS = 25;

/**
 * The process behind a page, found by the time that it spends while the page counts: for
 * as long as it takes to lead every other process clearly, for on a loaded machine the
 * page gets little of it, and other pages work too. Pages of one origin may share a
 * process: see that two pages have two before one is frozen.
 */
export const rendererOf = async (browser: Chromium, page: Page): Promise<Renderer> => {
  const renderers = processesOf(browser.profile).filter((pid) => commandOf(pid).includes('--type=renderer'));
  const before = new Map(renderers.map((pid) => [pid, ticksOf(pid)]));
  for (let round = 0; round < COUNTING_ROUNDS; round++) {
    await page.evaluate(() => {
      const until = performance.now() + 400;
      while (performance.now() < until);
    });
    const spent = renderers
      .map((pid) => ({ pid, ticks: ticksOf(pid) - (before.get(pid) ?? 0) }))
      .sort((a, b) => b.ticks - a.ticks);
    const [first, second] = spent;
    if (first === undefined) break;
    if (first.ticks - (second?.ticks ?? 0) < CLEAR_LEAD) continue;
    const { pid } = first;
    return {
      pid,
      freeze: () => signal(pid, 'SIGSTOP'),
      thaw: () => signal(pid, 'SIGCONT'),
      kill: () => signal(pid, 'SIGKILL'),
    };
  }
  throw new Error('no process of the page stands out');
};

/**
 * Bytes that a page and its workers hold after a collection: heaps, buffers and the
 * memory of WebAssembly. The process has more, which its allocators keep for later; how
 * much follows no rule that a test could name.
 */
export const heldBy = async (page: Page): Promise<number> => {
  const session = await page.context().newCDPSession(page);
  const workers: string[] = [];
  const waiting = new Map<number, (result: unknown) => void>();
  let nextId = 1;
  session.on('Target.attachedToTarget', ({ sessionId }) => workers.push(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message) as { readonly id?: number; readonly result?: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  const asks: Ask[] = [
    (method, parameters) => session.send(method as 'Runtime.evaluate', parameters as { expression: string }),
    ...workers.map(
      (sessionId): Ask =>
        async (method, params) => {
          const id = nextId++;
          const answered = new Promise<unknown>((done) => waiting.set(id, done));
          const message = JSON.stringify({ id, method, params });
          await session.send('Target.sendMessageToTarget', { sessionId, message });
          return answered;
        },
    ),
  ];
  let bytes = 0;
  for (const ask of asks) bytes += await heldIn(ask);
  await session.detach();
  return bytes;
};

/** A call of the browser's debugging protocol to one thread. */
type Ask = (method: string, parameters: Readonly<Record<string, unknown>>) => Promise<unknown>;

const heldIn = async (ask: Ask): Promise<number> => {
  await ask('HeapProfiler.collectGarbage', {});
  const heap = (await ask('Runtime.getHeapUsage', {})) as {
    readonly usedSize: number;
    readonly embedderHeapUsedSize: number;
    readonly backingStorageSize: number;
  };
  const memory = (await ask('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype' })) as {
    readonly result: { readonly objectId: string };
  };
  const { objects } = (await ask('Runtime.queryObjects', {
    prototypeObjectId: memory.result.objectId,
  })) as { readonly objects: { readonly objectId: string } };
  const wasm = (await ask('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration:
      'function () { return this.reduce((sum, { buffer }) => sum + buffer.byteLength, 0); }',
    returnByValue: true,
  })) as { readonly result: { readonly value: number } };
  return heap.usedSize + heap.embedderHeapUsedSize + heap.backingStorageSize + wasm.result.value;
};

/** Bytes of memory that the page's process holds for itself. */
export const residentOf = (pid: number): number => {
  const kilobytes = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes ?? 0) * 1_024;
};

const processesOf = (profile: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandOf(pid).includes(profile));

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    // It ended meanwhile.
    return '';
  }
};

const ticksOf = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
