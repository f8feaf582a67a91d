import { Icon, SyncIndicator, Toaster } from '@satchel/react';
import { type ReactElement, type ReactNode, useEffect, useSyncExternalStore } from 'react';
import { AppIcon, type AppIconName } from './app-icon.tsx';
import type { SwitchedNetwork } from './switched-network.ts';
import { useFrontText } from './texts.ts';
import { goTo } from './use-page.ts';

export interface ShellPage {
  readonly name: string;
  readonly label: string;
  readonly icon: AppIconName;
  /** How many things wait there for somebody. */
  readonly waiting?: number;
}

export interface ShellProps {
  readonly title: string;
  /** Who is signed in. */
  readonly person: string;
  readonly network: SwitchedNetwork;
  readonly pages: readonly ShellPage[];
  readonly page: string;
  /** Where conflicts are decided. */
  readonly reviewPage: string;
  readonly children: ReactNode;
}

/** The frame of an app: where sync stands is always in sight, and one press away from what it needs. */
export const Shell = ({
  title,
  person,
  network,
  pages,
  page,
  reviewPage,
  children,
}: ShellProps): ReactElement => {
  const say = useFrontText();
  const isOff = useSyncExternalStore(network.onTurn, network.isOff);
  const label = pages.find(({ name }) => name === page)?.label ?? '';
  useEffect(() => {
    document.title = `${label} · ${title}`;
  }, [label, title]);
  return (
    <div className="front">
      <a className="skip" href={`#${page}`} onClick={() => document.querySelector('main')?.focus()}>
        {say('toContent')}
      </a>
      <header className="bar">
        <h1>
          <span>{title}</span>
          <small>{person}</small>
        </h1>
        <button type="button" className="network" aria-pressed={isOff} onClick={() => network.turn(!isOff)}>
          <Icon name={isOff ? 'offline' : 'wifi'} />
          <span>{say(isOff ? 'goOnline' : 'goOffline')}</span>
        </button>
      </header>
      <nav className="tabs" aria-label={say('pages')}>
        {pages.map(({ name, label: text, icon, waiting = 0 }) => (
          <button
            key={name}
            type="button"
            aria-current={page === name ? 'page' : undefined}
            onClick={() => goTo(name)}
          >
            <AppIcon name={icon} />
            <span>{text}</span>
            {waiting > 0 ? <b>{waiting}</b> : null}
          </button>
        ))}
      </nav>
      <main className="page" data-page={page} tabIndex={-1}>
        <h2 className="title">{label}</h2>
        <SyncIndicator onReview={() => goTo(reviewPage)} />
        {children}
      </main>
      <Toaster />
    </div>
  );
};
