import { openSatchel } from '@satchel/client';
import { browserPlatform } from '@satchel/client/browser';
import { type Labels, type Preset, type SatchelClient, SatchelProvider } from '@satchel/react';
import type { App } from '@satchel/schema';
import type { ReactElement } from 'react';
import { createRoot } from 'react-dom/client';
import { firstLanguage, type Language, LanguageProvider, LOCALES } from './language.tsx';
import { applyLook, keptLook } from './look.ts';
import { newestToken, openSession, type Session } from './session.ts';
import { type SwitchedNetwork, switchedNetwork } from './switched-network.ts';
import { FRONT_TEXTS } from './texts.ts';

/** What the screen of an app is given. */
export interface FrontProps {
  readonly session: Session;
  readonly network: SwitchedNetwork;
}

export interface OpenFront {
  readonly app: App;
  readonly worker: () => Worker;
  readonly preset: Preset;
  /** Names of tables, fields and people in each language. */
  readonly labels: Readonly<Record<Language, Labels>>;
  readonly screen: (props: FrontProps) => ReactElement;
}

/** Seconds between runs: in a demonstration nobody waits for the half hour that an app may say. */
const SYNC_EVERY = 5;

/** Starts a front in `#root`: its service worker, who is signed in, the database, the screen. */
export const openFront = async ({
  app,
  worker,
  preset,
  labels,
  screen: Screen,
}: OpenFront): Promise<void> => {
  applyLook(keptLook());
  const root = createRoot(document.getElementById('root') as HTMLElement);
  if ('serviceWorker' in navigator) {
    navigator.serviceWorker.register('/service-worker.js', { type: 'module' }).catch(() => {
      // Refused, in a private window for example: the app works while the page is open.
    });
  }
  const session = await openSession();
  if (session === null) {
    const texts = FRONT_TEXTS[firstLanguage()];
    root.render(
      <main className="first">
        <h1>{texts.firstStart}</h1>
        <p>{texts.firstStartHelp}</p>
      </main>,
    );
    return;
  }
  const { server, token, user } = session;
  const network = switchedNetwork(user.id);
  const db = await openSatchel({
    app,
    platform: browserPlatform({ network, worker }),
    server,
    user: { id: user.id },
    token: () => newestToken() ?? token,
    device: { name: user.name, platform: 'web' },
    sync: { schedule: { any: SYNC_EVERY } },
  });
  root.render(
    <LanguageProvider>
      {(language) => (
        <SatchelProvider
          db={db as unknown as SatchelClient}
          locale={LOCALES[language]}
          preset={preset}
          labels={labels[language]}
        >
          <Screen session={session} network={network} />
        </SatchelProvider>
      )}
    </LanguageProvider>,
  );
};
