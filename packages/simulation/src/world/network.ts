import type {
  HttpAnswer,
  HttpExchange,
  HttpRequest,
  Socket,
  SocketEvents,
  SocketOpener,
} from '@satchel/client';
import { SatchelError } from '@satchel/protocol';
import type { LiveSocket } from '@satchel/server';
import type { Fault } from '../faults.ts';
import { Draw } from './draw.ts';
import type { Answered, Arriving, ServerProcess } from './server-process.ts';
import type { Timeline } from './timeline.ts';

/** Something wrong with a line until a moment; `share` of the exchanges meet it. */
export interface Trouble {
  readonly fault: Fault;
  readonly until: number;
  readonly share: number;
  /** Of one-way losses. */
  readonly way?: 'up' | 'down' | 'both';
}

/** The line of one device. */
export interface Line {
  readonly name: string;
  readonly troubles: Trouble[];
  /** The device has switched its radio off, or there is no network where it is. */
  readonly isOnline: () => boolean;
  readonly isAlive: () => boolean;
  readonly told: (action: string, text: string) => void;
  /** Runs it when the device is awake: now, or then. */
  readonly awake: (run: () => void) => void;
}

export interface NetworkGiven {
  readonly timeline: Timeline;
  readonly seed: number;
  readonly servers: () => readonly ServerProcess[];
  readonly fired: (fault: Fault, target: string, detail: string) => void;
}

const unreachable = () => new SatchelError('network_unreachable');
/** A server pings every 25 s; a device that hears nothing for so long gives the socket up. */
const SILENCE = 45_000;
const HTML = { 'content-type': 'text/html; charset=utf-8' };
const PORTAL = '<html><body>Welcome to the guest network. Please sign in.</body></html>';

interface OpenLine {
  readonly line: Line;
  /** Ends it at the device; the server learns nothing. */
  readonly lose: () => void;
  /** Of a socket, the server that it leads to. */
  readonly server: () => ServerProcess | undefined;
}

/** The network between devices and servers. It loses, delays, doubles, cuts and lies as the troubles of a line say. */
export class Network {
  readonly #given: NetworkGiven;
  readonly #draws = new Map<string, Draw>();
  readonly #open = new Set<OpenLine>();
  requests = 0;
  /** Requests on their way are numbered; the highest number that has arrived. */
  #sent = 0;
  #arrived = 0;

  constructor(given: NetworkGiven) {
    this.#given = given;
  }

  /** Whether anything could pass between the device and some server now. */
  isReachable(line: Line): boolean {
    return (
      line.isOnline() &&
      !this.#troubles(line).some(({ fault, share }) => share === 1 && (fault === 'F8' || fault === 'F7')) &&
      this.#given.servers().some(({ isServing }) => isServing)
    );
  }

  exchangeOf(line: Line): HttpExchange {
    return (request) => {
      if (!line.isAlive()) return new Promise(() => {});
      this.requests += 1;
      return new Promise<HttpAnswer>((resolve, reject) => this.#exchange(line, request, resolve, reject));
    };
  }

  /** The device's address changes, or it goes offline: what is open ends, and the servers learn nothing. How much that was. */
  cutOpen(line: Line): number {
    const own = [...this.#open].filter((one) => one.line.name === line.name);
    for (const one of own) one.lose();
    return own.length;
  }

  /** Each line has draws of its own: what happens on one does not shift another's. */
  #drawOf({ name }: Line): Draw {
    const known = this.#draws.get(name) ?? new Draw(this.#given.seed, `network ${name}`);
    this.#draws.set(name, known);
    return known;
  }

  #troubles(line: Line): readonly Trouble[] {
    const now = this.#given.timeline.now();
    for (let at = line.troubles.length - 1; at >= 0; at -= 1)
      if ((line.troubles[at] as Trouble).until <= now) line.troubles.splice(at, 1);
    return line.troubles;
  }

  /** Which trouble of the line this exchange meets, the first that is drawn. */
  #meets(line: Line, faults: readonly Fault[], detail: string): Trouble | undefined {
    for (const trouble of this.#troubles(line)) {
      if (!faults.includes(trouble.fault) || !this.#drawOf(line).chance(trouble.share)) continue;
      this.#given.fired(trouble.fault, line.name, detail);
      return trouble;
    }
    return undefined;
  }

  #latency(line: Line, lines: number): number {
    let ms = this.#drawOf(line).between(5, 60);
    if (this.#meets(line, ['F5'], 'delay')) ms += this.#drawOf(line).between(200, 8_000);
    if (this.#meets(line, ['F11'], 'slow')) ms += 500 + 120 * lines;
    return ms;
  }

  /** A request that goes another way may come after one that was sent later. */
  #detour(line: Line): number {
    const trouble = this.#troubles(line).find(({ fault }) => fault === 'F6');
    const draw = this.#drawOf(line);
    return trouble && draw.chance(trouble.share) ? draw.between(100, 3_000) : 0;
  }

  #server(line: Line): ServerProcess | undefined {
    const serving = this.#given.servers().filter(({ isServing }) => isServing);
    if (serving.length === 0) return undefined;
    if (serving.length > 1 && this.#meets(line, ['F37'], 'another server'))
      return this.#drawOf(line).pick(serving.slice(1));
    return serving[0];
  }

  #exchange(
    line: Line,
    request: HttpRequest,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: SatchelError) => void,
  ): void {
    const { timeline } = this.#given;
    const action = new URL(request.url).pathname;
    let over = false;
    const end = (tell: () => void): void => {
      if (over) return;
      over = true;
      timer.cancel();
      this.#open.delete(open);
      request.signal.removeEventListener('abort', abort);
      line.awake(() => (line.isAlive() ? tell() : undefined));
    };
    const fail = (): void => end(() => reject(unreachable()));
    const abort = fail;
    const open: OpenLine = { line, lose: fail, server: () => undefined };
    // Bytes that trickle in keep an exchange alive: a slow line is given more time.
    const timer = timeline.after(
      request.timeoutMs * (this.#troubles(line).some(({ fault }) => fault === 'F11') ? 20 : 1),
      () => end(() => reject(new SatchelError('network_timeout', { ms: request.timeoutMs }))),
      `timeout ${line.name}`,
    );
    if (request.signal.aborted) {
      fail();
      return;
    }
    request.signal.addEventListener('abort', abort);
    this.#open.add(open);
    if (!line.isOnline()) return void timeline.after(1, fail, `offline ${line.name}`);

    const answer = (answered: Answered): void => {
      if (over) return;
      line.told(action, answered.text);
      end(() =>
        resolve({
          status: answered.status,
          headers: answered.headers,
          text: answered.text,
          sent: (request.body?.length ?? 0) + 200,
          received: answered.text.length + 200,
        }),
      );
    };
    const later = (answered: Answered, ms = this.#drawOf(line).between(5, 60)): void => {
      timeline.after(ms, () => answer(answered), `answer ${line.name}`);
    };
    /** No answer ever, or word at once that the connection is gone. */
    const lost = (): void => {
      if (this.#drawOf(line).chance(0.6))
        timeline.after(this.#drawOf(line).between(5, 400), fail, `lost ${line.name}`);
    };

    if (this.#meets(line, ['F9'], action)) {
      if (this.#drawOf(line).chance(0.7)) later({ status: 200, headers: HTML, text: PORTAL });
      else timeline.after(20, () => end(() => reject(new SatchelError('network_intercepted'))), 'tls');
      return;
    }
    const between = this.#meets(line, BETWEEN, action);
    const afterwards =
      between !== undefined && AFTERWARDS.includes(between.fault) && this.#drawOf(line).chance(0.4);
    if (between && !afterwards) {
      later(answerOf(between.fault, this.#drawOf(line)));
      return;
    }
    const wayless = this.#meets(line, ['F8', 'F7'], action);
    const isLost =
      (wayless && (wayless.fault === 'F8' || wayless.way !== 'down')) ||
      this.#meets(line, ['F1'], action) !== undefined;
    if (isLost) {
      lost();
      return;
    }
    const isBroken = request.body !== undefined && this.#meets(line, ['F13'], action) !== undefined;

    const arriving: Arriving = {
      method: request.method,
      path: request.url.slice(new URL(request.url).origin.length),
      headers: request.headers,
      ...(request.body === undefined
        ? {}
        : { body: isBroken ? request.body.slice(0, Math.floor(request.body.length * 0.7)) : request.body }),
    };
    const deliver = (isTwin: boolean): void => {
      const server = this.#server(line);
      if (!server) {
        fail();
        return;
      }
      server.serve(
        arriving,
        (answered) => {
          if (isTwin) return;
          this.#comeBack(line, action, answered, {
            wayless,
            afterwards: afterwards ? between : undefined,
            lost,
            later,
            fail,
          });
        },
        () => void timeline.after(this.#drawOf(line).between(1, 50), fail, `reset ${line.name}`),
      );
    };
    const detour = this.#detour(line);
    const ms = this.#latency(line, 1) + detour;
    this.#sent += 1;
    const sent = this.#sent;
    timeline.after(
      ms,
      () => {
        if (detour > 0 && this.#arrived > sent)
          this.#given.fired('F6', line.name, `after ${this.#arrived - sent} sent later`);
        this.#arrived = Math.max(this.#arrived, sent);
        deliver(false);
      },
      `request ${line.name}`,
    );
    if (this.#meets(line, ['F4'], action))
      timeline.after(ms + this.#drawOf(line).between(0, 300), () => deliver(true), `twin ${line.name}`);
  }

  #comeBack(
    line: Line,
    action: string,
    answered: Answered,
    given: {
      readonly wayless: Trouble | undefined;
      readonly afterwards: Trouble | undefined;
      readonly lost: () => void;
      readonly later: (answered: Answered, ms?: number) => void;
      readonly fail: () => void;
    },
  ): void {
    const { timeline } = this.#given;
    if (given.afterwards) {
      given.later(answerOf(given.afterwards.fault, this.#drawOf(line)));
      return;
    }
    // A reply to a question is no loss to speak of: what counts is that of a commit.
    if (given.wayless || (action === '/v1/push' && this.#meets(line, ['F2'], action))) {
      given.lost();
      return;
    }
    const lines = answered.text.split('\n').length;
    if (this.#meets(line, ['F3'], action))
      return void timeline.after(this.#latency(line, lines), given.fail, `cut ${line.name}`);
    if (this.#meets(line, ['F13'], action)) {
      const cut = { ...answered, text: `${answered.text.slice(0, Math.floor(answered.text.length / 2))}` };
      given.later(cut, this.#latency(line, lines));
      return;
    }
    given.later(answered, this.#latency(line, lines));
  }

  socketOf(line: Line): SocketOpener {
    return (_url, events) => {
      if (!line.isAlive()) return { send: () => {}, close: () => {} };
      return this.#socket(line, events);
    };
  }

  #socket(line: Line, events: SocketEvents): Socket {
    const { timeline } = this.#given;
    let isOver = false;
    let isBroken = false;
    let upAt = 0;
    let downAt = 0;
    let server: ReturnType<ServerProcess['accept']>;
    let process: ServerProcess | undefined;
    let isAlive = true;
    let silence = timeline.after(SILENCE, () => finish(1006), `silence ${line.name}`);
    const open: OpenLine = {
      line,
      lose: () => {
        isBroken = true;
        finish(1006);
      },
      server: () => process,
    };
    this.#open.add(open);
    const finish = (code: number): void => {
      if (isOver) return;
      isOver = true;
      silence.cancel();
      this.#open.delete(open);
      line.awake(() => (line.isAlive() ? events.closed(code) : undefined));
    };
    const heard = (): void => {
      silence.cancel();
      silence = timeline.after(SILENCE, () => finish(1006), `silence ${line.name}`);
    };
    const passes = (way: 'up' | 'down'): boolean => {
      if (isBroken || !line.isOnline()) return false;
      return !this.#troubles(line).some(
        ({ fault, way: lost }) =>
          fault === 'F8' || (fault === 'F7' && (lost === way || lost === 'both')) || fault === 'F9',
      );
    };
    /** In order, each way by itself. */
    const carry = (way: 'up' | 'down', run: () => void, label: string): void => {
      const ms = this.#latency(line, 1);
      const at = Math.max(timeline.now() + ms, (way === 'up' ? upAt : downAt) + 1);
      if (way === 'up') upAt = at;
      else downAt = at;
      timeline.after(at - timeline.now(), run, label);
    };
    const down = (run: () => void): void =>
      carry(
        'down',
        () =>
          isOver || !passes('down')
            ? undefined
            : line.awake(() => (line.isAlive() && !isOver ? run() : undefined)),
        `live ${line.name}`,
      );

    const hear = (text: string): void => {
      heard();
      line.told('live', text);
      events.message(text);
    };
    const liveSocket: LiveSocket = {
      send: (message) => {
        // What a push was answered is lost with the connection.
        if (IS_ANSWER.test(message.toString()) && this.#meets(line, ['F2'], 'live')) {
          isBroken = true;
          finish(1006);
          return;
        }
        if (this.#meets(line, ['F14'], 'live message')) {
          if (this.#drawOf(line).chance(0.4)) {
            isBroken = true;
            return;
          }
          // One page alone is swallowed by something in between, and the next one comes.
          if (!IS_WORD.test(message.toString()) && this.#drawOf(line).chance(0.5)) return;
          // Said again, at once or when much else was said.
          const text = message.toString();
          timeline.after(
            this.#drawOf(line).between(0, 4_000),
            () => down(() => hear(text)),
            `replay ${line.name}`,
          );
        }
        const text = message.toString();
        down(() => hear(text));
      },
      buffered: 0,
      close: (code) => down(() => finish(code)),
      ping: () => {
        const answered = isAlive;
        isAlive = false;
        down(() => {
          heard();
          carry(
            'up',
            () => {
              if (passes('up') && process?.alive) isAlive = true;
            },
            `pong ${line.name}`,
          );
        });
        return answered;
      },
    };
    timeline.after(
      this.#latency(line, 1),
      () => {
        if (isOver) return;
        process = this.#server(line);
        if (!passes('up') || !process) return finish(1006);
        server = process.accept(liveSocket);
        if (!server) return finish(1006);
        down(() => {
          heard();
          events.open();
        });
      },
      `connect ${line.name}`,
    );
    return {
      send: (text) => {
        if (isOver) return;
        if (IS_PUSH.test(text) && this.#meets(line, ['F1'], 'live')) {
          isBroken = true;
          finish(1006);
          return;
        }
        carry(
          'up',
          () => (passes('up') && process?.alive ? server?.message(text) : undefined),
          `up ${line.name}`,
        );
      },
      close: () => {
        if (isOver) return;
        isOver = true;
        silence.cancel();
        this.#open.delete(open);
        carry(
          'up',
          () => (passes('up') && process?.alive ? server?.closed() : undefined),
          `close ${line.name}`,
        );
      },
    };
  }

  /** A server process ended: its sockets are reset at the devices that can hear it. */
  serverGone(server: ServerProcess): void {
    for (const one of [...this.#open]) if (one.server() === server) one.lose();
  }
}

/** Messages of the live connection that carry a push, and its answer. */
const IS_PUSH = /^\{"type":"push"/;
const IS_ANSWER = /^\{"type":"answer"/;
/** What is no page. */
const IS_WORD = /^\{"type":"/;

const BETWEEN: readonly Fault[] = ['F10a', 'F10b', 'F10c', 'F10d', 'F10e', 'F10f'];
/** A gateway may give up on a request that the server answers all the same. */
const AFTERWARDS: readonly Fault[] = ['F10b', 'F10e'];

const answerOf = (fault: Fault, draw: Draw): Answered => {
  const html = { 'content-type': 'text/html' };
  switch (fault) {
    case 'F10a':
      return {
        status: 429,
        headers: { ...html, 'retry-after': String(draw.between(1, 20)) },
        text: 'slow down',
      };
    case 'F10b':
      return { status: 503, headers: html, text: 'busy' };
    case 'F10c':
      return { status: 413, headers: html, text: 'too large' };
    case 'F10d':
      return { status: 401, headers: html, text: 'who are you' };
    case 'F10e':
      return { status: 500, headers: html, text: 'broken' };
    default:
      return { status: 409, headers: html, text: 'conflict' };
  }
};
