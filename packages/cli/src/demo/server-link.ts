import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** The server of the demo, started, killed and started again on the same port. */
export class ServerProcess {
  readonly #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(database: string, secret: string) {
    this.#environment = { SATCHEL_DEMO_DATABASE: database, SATCHEL_DEMO_SECRET: secret };
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    let errors = '';
    const child = fork(new URL('./server-process.js', import.meta.url), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, ...this.#environment, SATCHEL_DEMO_PORT: String(this.#port) },
    });
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4_000);
    });
    this.#port = await new Promise<number>((done, failed) => {
      child.once('message', (message: { readonly port: number }) => done(message.port));
      child.once('exit', (code, signal) =>
        failed(new Error(`the server ended (${signal ?? code})\n${errors}`)),
      );
    });
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
