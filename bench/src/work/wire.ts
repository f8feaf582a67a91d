import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import { PROTOCOL_VERSION } from '@satchel/protocol';
import { benchApp } from '../bench-app.ts';

/*
 * Clients that know the wire and keep no rows: many of them fit in one process, so that
 * what is measured is the server.
 */

const unpack = { br: promisify(brotliDecompress), gzip: promisify(gunzip) } as const;

export interface WireAnswer {
  readonly status: number;
  readonly text: string;
  /** Bytes of the body as they came. */
  readonly bytes: number;
}

/** One client over a kept connection. */
export class WireClient {
  readonly clientId = randomUUID();
  readonly runId = randomUUID();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  readonly token: string;
  cursor: string | null = null;
  rows = 0;
  bytes = 0;
  #seq = 0;

  constructor(url: string, token: string) {
    this.#url = url;
    this.token = token;
  }

  /** Pulls until there is no more. */
  async pullAll(): Promise<void> {
    for (let more = true; more; ) {
      const answer = await this.post('/v1/pull', {
        protocolVersion: PROTOCOL_VERSION,
        schemaVersion: benchApp.schemaVersion,
        clientId: this.clientId,
        cursor: this.cursor,
      });
      if (answer.status !== 200) throw new Error(`pull: ${answer.status} ${answer.text}`);
      this.bytes += answer.bytes;
      const lines = answer.text.trimEnd().split('\n');
      const tail = JSON.parse(lines.at(-1) ?? '') as { readonly cursor: string; readonly more: boolean };
      for (const line of lines)
        if (line.startsWith('{"line":"rows"'))
          this.rows += (JSON.parse(line) as { keys: string[] }).keys.length;
      this.cursor = tail.cursor;
      more = tail.more;
    }
  }

  /** Pushes mutations of one insert each; throws unless all were applied. */
  async push(
    inserts: readonly { readonly table: string; readonly key: string; readonly values: object }[],
    author: string,
  ) {
    const mutations = inserts.map(({ table, key, values }) => {
      this.#seq += 1;
      return {
        mutationId: randomUUID(),
        seq: this.#seq,
        hlc: `${Date.now()}:0:${this.clientId}`,
        author,
        schemaVersion: benchApp.schemaVersion,
        changes: [{ table, op: 'insert', key, values }],
      };
    });
    const answer = await this.post('/v1/push', {
      protocolVersion: PROTOCOL_VERSION,
      schemaVersion: benchApp.schemaVersion,
      batchId: randomUUID(),
      clientId: this.clientId,
      runId: this.runId,
      sentAt: `${Date.now()}:0:${this.clientId}`,
      mutations,
    });
    if (answer.status !== 200) throw new Error(`push: ${answer.status} ${answer.text}`);
    const { answers } = JSON.parse(answer.text) as {
      readonly answers: readonly { readonly outcome?: { readonly outcome: string } }[];
    };
    const applied = answers.filter(({ outcome }) => outcome?.outcome === 'applied').length;
    if (applied !== mutations.length)
      throw new Error(`${applied} of ${mutations.length} were applied: ${answer.text}`);
  }

  post(path: string, body: unknown): Promise<WireAnswer> {
    return this.#ask('POST', path, JSON.stringify(body));
  }

  get(path: string): Promise<WireAnswer> {
    return this.#ask('GET', path, '');
  }

  #ask(method: 'GET' | 'POST', path: string, text: string): Promise<WireAnswer> {
    return new Promise((done, failed) => {
      const outgoing = request(
        `${this.#url}${path}`,
        {
          method,
          agent: this.#agent,
          headers: {
            authorization: `Bearer ${this.token}`,
            ...(method === 'GET'
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            'accept-encoding': 'br, gzip',
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', failed);
          incoming.on('end', () => {
            const packed = Buffer.concat(chunks);
            const decode = unpack[incoming.headers['content-encoding'] as keyof typeof unpack];
            const whole = decode ? decode(packed) : Promise.resolve(packed);
            whole.then(
              (plain) =>
                done({ status: incoming.statusCode ?? 0, text: plain.toString(), bytes: packed.length }),
              failed,
            );
          });
        },
      );
      outgoing.on('error', failed);
      outgoing.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
