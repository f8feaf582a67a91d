import './page.css';
import '../../satchel.css';
import { Component, type ReactElement, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';
import { ar, type ComponentName, en, hi, type Locale, SatchelProvider, sw, tr } from '../../src/index.ts';
import { COMPONENTS, drawingOf, type Shown, shown } from './catalogue.ts';
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

const LOCALES = { en, ar, hi, sw, tr };
export interface Look {
  readonly theme: 'light' | 'dark';
  readonly locale: keyof typeof LOCALES;
}

class Boundary extends Component<{ readonly children: ReactNode }> {
  override componentDidCatch(error: unknown): void {
    console.error(error);
  }
  override render(): ReactNode {
    return this.props.children;
  }
}

const Scene = ({ one, locale }: { readonly one: Shown; readonly locale: Locale }): ReactElement => {
  const { element, preset, scene } = drawingOf(one);
  return (
    <SatchelProvider
      db={scriptedClient(scene)}
      locale={locale}
      preset={preset}
      labels={labels}
      now={() => NOW}
      timeZone="UTC"
    >
      {element}
    </SatchelProvider>
  );
};

let root: Root | null = null;

/** Draws anew, and resolves when what is shown was read: lists come by promises, a few turns and then a frame. */
const render = async (look: Look, page: ReactNode): Promise<HTMLElement> => {
  root?.unmount();
  const { documentElement: html } = document;
  const locale = LOCALES[look.locale];
  html.dataset.theme = look.theme;
  html.style.colorScheme = look.theme;
  html.lang = locale.tag;
  html.dir = locale.direction;
  const element = document.getElementById('root') as HTMLElement;
  root = createRoot(element);
  flushSync(() => root?.render(<Boundary>{page}</Boundary>));
  await settled();
  return element;
};

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
};

const gallery = {
  names: shown.map(({ name }) => name),
  components: COMPONENTS,
  /** Draws one state. */
  async show(name: string, look: Look): Promise<void> {
    const one = shown.find((known) => known.name === name);
    if (!one) throw new Error(`there is no ${name}`);
    const element = await render(
      look,
      <main>
        <Scene one={one} locale={LOCALES[look.locale]} />
      </main>,
    );
    const { act } = drawingOf(one);
    act?.(element);
    if (act) await settled();
  },
  /** Draws all states of a component, each with its name. */
  async sheet(component: ComponentName, look: Look): Promise<void> {
    const states = shown.filter((one) => one.component === component);
    const element = await render(
      look,
      <main className="sheet" data-component={component}>
        {states.map((one) => (
          <figure key={one.name} id={one.name}>
            <figcaption lang="en" dir="ltr">
              {one.state}
            </figcaption>
            <Scene one={one} locale={LOCALES[look.locale]} />
          </figure>
        ))}
      </main>,
    );
    for (const one of states) {
      const figure = element.querySelector<HTMLElement>(`[id="${one.name}"]`);
      if (figure) drawingOf(one).act?.(figure);
    }
    await settled();
  },
};

export type Gallery = typeof gallery;

Object.assign(globalThis, { gallery });
