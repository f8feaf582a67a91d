import { createHash } from 'node:crypto';
import { brotliDecompressSync, gzipSync } from 'node:zlib';
import { newUuidV7 } from '@satchel/core';
import {
  type Change,
  type LiveDown,
  type LiveUp,
  liveDownSchema,
  type PageLine,
  type PushResponse,
  pageLineSchema,
  pushResponseSchema,
  type TailLine,
} from '@satchel/protocol';
import { WebSocket } from 'ws';
import { systemClock, systemRandom } from '../src/system.ts';
import { type Answer, ask } from './http-fixture.ts';

const newId = () => newUuidV7(systemClock, systemRandom);

export class AnswerError extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`${answer.status} ${answer.code}`);
    this.answer = answer;
  }
  get code(): string | undefined {
    return this.answer.code;
  }
}

/** A client that knows the wire and nothing else: it holds rows by scope, table and key, and a cursor. */
export class WireClient {
  readonly clientId = newId();
  readonly runId = newId();
  /** By `table key`; a row is there while any scope holds it. */
  readonly rows = new Map<string, Record<string, unknown>>();
  readonly #holds = new Map<string, Set<string>>();
  readonly outcomes: string[] = [];
  cursor: string | null = null;
  checkpoint = false;
  #seq = 0;
  readonly #url: string;
  readonly #token: string;
  readonly #user: string;

  constructor(url: string, user: string, token: string) {
    this.#url = url;
    this.#user = user;
    this.#token = token;
  }

  get token(): string {
    return this.#token;
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await ask(`${this.#url}${path}`, this.#token, {
      bytes: gzipSync(JSON.stringify(body)),
      headers: { 'content-encoding': 'gzip', 'accept-encoding': 'br', ...headers },
    });
    if (answer.headers['content-encoding'] !== 'br') return answer;
    const text = brotliDecompressSync(answer.bytes).toString();
    return {
      ...answer,
      text,
      json: answer.headers['content-type'] === 'application/json' ? JSON.parse(text) : undefined,
    };
  }

  async get(path: string): Promise<Answer> {
    return await ask(`${this.#url}${path}`, this.#token, {});
  }

  /** One mutation of these changes; `body` can be sent again as it is. */
  mutation(changes: readonly Change[]) {
    this.#seq += 1;
    return {
      mutationId: newId(),
      seq: this.#seq,
      hlc: `${systemClock.now()}:0:${this.clientId.slice(0, 8)}`,
      author: this.#user,
      schemaVersion: 1,
      changes,
    };
  }

  pushBody(mutations: readonly unknown[]) {
    return {
      protocolVersion: 1,
      schemaVersion: 1,
      batchId: newId(),
      clientId: this.clientId,
      runId: this.runId,
      sentAt: `${systemClock.now()}:0:${this.clientId.slice(0, 8)}`,
      mutations,
    };
  }

  async push(mutations: readonly unknown[]): Promise<PushResponse> {
    const answer = await this.post('/v1/push', this.pushBody(mutations));
    if (answer.status !== 200) throw new AnswerError(answer);
    return pushResponseSchema.parse(answer.json);
  }

  get digest(): string | null {
    return this.cursor === null ? null : digestOf(this.cursor);
  }

  /** One pull; `unchanged` for a 304. */
  async pullOnce(): Promise<'unchanged' | TailLine> {
    const answer = await this.post(
      '/v1/pull',
      { protocolVersion: 1, schemaVersion: 1, clientId: this.clientId, cursor: this.cursor },
      this.cursor === null ? {} : { 'if-none-match': `"${this.digest}"` },
    );
    if (answer.status === 304) return 'unchanged';
    if (answer.status !== 200) throw new AnswerError(answer);
    return this.take(answer.text);
  }

  /** Pulls until there is no more. */
  async pull(): Promise<void> {
    for (;;) {
      const tail = await this.pullOnce();
      if (tail === 'unchanged' || !tail.more) return;
    }
  }

  /** Takes a page in; throws if it does not start from the cursor. */
  take(text: string): TailLine {
    const lines = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): PageLine => pageLineSchema.parse(JSON.parse(line)));
    const head = lines[0];
    const tail = lines.at(-1);
    if (head?.line !== 'head' || tail?.line !== 'tail') throw new Error('the page is not whole');
    if (head.from !== this.digest) throw new Error('the page starts elsewhere');
    for (const line of lines) {
      if (line.line === 'outcomes') this.outcomes.push(...line.outcomes.map(({ mutationId }) => mutationId));
      if (line.line === 'rows')
        line.keys.forEach((key, at) => {
          const address = `${line.table} ${key}`;
          const values = Object.fromEntries(
            Object.entries(line.columns).map(([name, list]) => [name, list[at]]),
          );
          this.rows.set(address, values);
          const holds = this.#holds.get(address) ?? new Set();
          this.#holds.set(address, holds.add(line.scope));
        });
      if (line.line === 'gone')
        for (const key of line.keys) {
          const address = `${line.table} ${key}`;
          const holds = this.#holds.get(address);
          holds?.delete(line.scope);
          if (holds === undefined || holds.size === 0) this.rows.delete(address);
        }
    }
    this.cursor = tail.cursor;
    this.checkpoint = tail.checkpoint;
    return tail;
  }

  live(brief = false): Promise<LiveWire> {
    return LiveWire.open(this, this.#url, brief);
  }
}

/** A live socket that hands out its messages one by one. */
export class LiveWire {
  readonly #socket: WebSocket;
  readonly #messages: string[] = [];
  #waiting: ((text: string) => void)[] = [];
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('message', (data) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#messages.push(String(data));
      else next(String(data));
    });
  }

  static async open(client: WireClient, url: string, brief: boolean): Promise<LiveWire> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/live`);
    const wire = new LiveWire(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    socket.send(
      JSON.stringify({
        type: 'hello',
        protocolVersion: 1,
        schemaVersion: 1,
        token: client.token,
        clientId: client.clientId,
        cursor: client.cursor,
        ...(brief ? { brief } : {}),
      }),
    );
    return wire;
  }

  /** The next message: a page's text, or what the server says otherwise. */
  async next(): Promise<{ page: string } | LiveDown> {
    const text =
      this.#messages.shift() ?? (await new Promise<string>((resolve) => this.#waiting.push(resolve)));
    return text.startsWith('{"line":') ? { page: text } : liveDownSchema.parse(JSON.parse(text));
  }

  resume(cursor: string): void {
    this.say({ type: 'resume', cursor });
  }

  say(message: LiveUp): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** The next message of a type; pages and others before it are passed over. */
  async until<T extends LiveDown['type']>(type: T): Promise<LiveDown & { type: T }> {
    for (;;) {
      const message = await this.next();
      if ('type' in message && message.type === type) return message as LiveDown & { type: T };
    }
  }

  close(): void {
    this.#socket.close();
  }
}

const digestOf = (cursor: string): string => createHash('sha256').update(cursor).digest('hex').slice(0, 32);
