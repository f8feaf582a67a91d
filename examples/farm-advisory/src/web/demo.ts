import { fileURLToPath } from 'node:url';
import { runDemonstration } from '@satchel-examples/web-front';
import app from '../app.ts';
import { lastMorning, seedAt } from '../seed.ts';
import { PEOPLE } from './people.ts';

await runDemonstration({
  app,
  seed: seedAt(lastMorning(Date.now())),
  people: PEOPLE,
  name: 'demo-farm',
  root: fileURLToPath(new URL('../../web', import.meta.url)),
  hint: (url) =>
    `Open it as the field agent, and a second window as a farmer: ${url}/?as=farmer\n` +
    'Let both change the acres of one crop, the farmer offline: when he is online again, the agent decides.',
});
