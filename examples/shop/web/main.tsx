import '@satchel/react/satchel.css';
import '@satchel-examples/web-front/front.css';
import './shop.css';
import app from '@satchel-examples/shop/app';
import { openFront } from '@satchel-examples/web-front/browser';
import { Shop } from './shop.tsx';
import { LABELS } from './texts.ts';

await openFront({
  app,
  worker: () => new Worker(new URL('./satchel.worker.ts', import.meta.url), { type: 'module' }),
  preset: 'shop',
  labels: LABELS,
  screen: Shop,
});
