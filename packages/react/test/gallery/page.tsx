import './page.css';
import '../../satchel.css';
import { Component, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';
import { ar, en, SatchelProvider } from '../../src/index.ts';
import { catalogue } from './catalogue.tsx';
import { NOW, scriptedClient } from './scene.ts';

const labels = {
  tables: { crops: 'Crop records', prices: 'Market prices' },
  fields: {
    acreage: 'Acres',
    cropType: 'Crop',
    plantedOn: 'Planted on',
    irrigated: 'Watered',
    pests: 'Pests',
    note: 'Note',
  },
  people: { 'agent-17': 'Agent 17', 'farmer-204': 'Farmer 204' },
};

class Boundary extends Component<{ readonly children: ReactNode }> {
  override componentDidCatch(error: unknown): void {
    console.error(error);
  }
  override render(): ReactNode {
    return this.props.children;
  }
}

let root: Root | null = null;

const gallery = {
  names: catalogue.map(({ component, state }) => `${component}-${state}`),
  /** Draws one state anew; resolves when it has read what it shows. */
  async show(
    name: string,
    options: { readonly theme: 'light' | 'dark'; readonly rtl: boolean },
  ): Promise<void> {
    const shown = catalogue.find(({ component, state }) => `${component}-${state}` === name);
    if (!shown) throw new Error(`there is no ${name}`);
    root?.unmount();
    const { dataset, style } = document.documentElement;
    dataset.theme = options.theme;
    style.colorScheme = options.theme;
    const locale = options.rtl ? ar : en;
    document.documentElement.lang = locale.tag;
    document.documentElement.dir = locale.direction;
    root = createRoot(document.getElementById('root') as HTMLElement);
    flushSync(() => {
      root?.render(
        <Boundary>
          <SatchelProvider
            db={scriptedClient(shown.scene)}
            locale={locale}
            preset={shown.preset}
            labels={labels}
            now={() => NOW}
            timeZone="UTC"
          >
            <main>{shown.element}</main>
          </SatchelProvider>
        </Boundary>,
      );
    });
    // Lists are read by promises: a few turns, and then a frame.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  },
};

export type Gallery = typeof gallery;

Object.assign(globalThis, { gallery });
