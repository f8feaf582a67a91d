import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A file of the documentation page, ready to be sent. */
export interface DocsFile {
  readonly type: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
}

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Satchel: HTTP interface</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png" sizes="32x32">
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/page.js"></script>
  </body>
</html>
`;

// validatorUrl: the viewer would otherwise ask a public service to judge the document.
const SCRIPT = `window.SwaggerUIBundle({
  url: '/openapi.json',
  domNode: document.getElementById('page'),
  deepLinking: true,
  validatorUrl: null,
});
`;

/** Files of the viewer that the page needs; nothing else of its package is served. */
const VIEWER_FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const viewerFolder = (): string =>
  dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/**
 * The documentation page at `/docs`: the viewer's own files, read from the installed
 * package, and two of ours. It loads nothing from elsewhere.
 */
export const createDocs = (): ((name: string) => Promise<DocsFile | undefined>) => {
  const kept = new Map<string, Promise<DocsFile>>();
  return async (name) => {
    if (name === '') return { type: 'text/html; charset=utf-8', content: PAGE };
    if (name === 'page.js') return { type: 'text/javascript; charset=utf-8', content: SCRIPT };
    const type = Object.hasOwn(VIEWER_FILES, name) ? VIEWER_FILES[name] : undefined;
    if (type === undefined) return undefined;
    let file = kept.get(name);
    if (file === undefined) {
      file = readFile(join(viewerFolder(), name)).then((bytes) => ({ type, content: new Uint8Array(bytes) }));
      kept.set(name, file);
    }
    return await file;
  };
};
