import { fileURLToPath } from 'node:url';
import { runDemonstration } from '@satchel-examples/web-front';
import app from '../app.ts';
import { lastMorning, seedAt } from '../seed.ts';
import { PEOPLE } from './people.ts';

await runDemonstration({
  app,
  seed: seedAt(lastMorning(Date.now())),
  people: PEOPLE,
  name: 'demo-web',
  root: fileURLToPath(new URL('../../web', import.meta.url)),
  hint: (url) =>
    `Open it, and a second window as the office: ${url}/?as=manager\n` +
    'Press "Go offline", sell, close the window, open it again, go online: the sale arrives in the other.',
});
