import '@satchel/react/satchel.css';
import '@satchel-examples/web-front/front.css';
import './farm.css';
import app from '@satchel-examples/farm-advisory/app';
import { openFront } from '@satchel-examples/web-front/browser';
import { Farm } from './farm.tsx';
import { LABELS } from './texts.ts';

await openFront({
  app,
  worker: () => new Worker(new URL('./satchel.worker.ts', import.meta.url), { type: 'module' }),
  preset: 'farm',
  labels: LABELS,
  screen: Farm,
});
