import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/** Who a page is signed in as, and where its server is. */
export interface Session {
  readonly server: string;
  readonly user: {
    readonly id: string;
    readonly name: string;
    readonly claims: Readonly<Record<string, string>>;
  };
  readonly token: string;
  /** Everybody who may sign in. */
  readonly windows: readonly { readonly id: string; readonly name: string }[];
}

export interface Front {
  /** For example `http://127.0.0.1:8080`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a built front, and signs in whoever is named: `/session.json?as=manager`. For demonstrations alone. */
export const serveFront = async (given: {
  readonly directory: string;
  readonly port?: number;
  readonly session: (as: string) => Promise<Session | undefined>;
}): Promise<Front> => {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://front');
    const answer = async (): Promise<void> => {
      if (pathname === '/session.json') {
        const session = await given.session(searchParams.get('as') ?? '');
        response.writeHead(session ? 200 : 404, {
          'content-type': 'application/json',
          'cache-control': 'no-store',
        });
        response.end(JSON.stringify(session ?? null));
        return;
      }
      const path = normalize(decodeURIComponent(pathname));
      const file = join(given.directory, path === '/' ? 'index.html' : path);
      const body = await readFile(file);
      response.writeHead(200, {
        'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
        'cache-control': 'no-cache',
      });
      response.end(body);
    };
    answer().catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((done) => server.listen(given.port ?? 0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
};
