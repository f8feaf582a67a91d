import { useTexts } from '@satchel/react';
import { type ReactElement, useState } from 'react';
import { LANGUAGE_NAMES, LANGUAGES, LOCALES, useLanguage } from './language.tsx';
import { chooseLook, keptLook, LOOKS, type Look } from './look.ts';
import type { Session } from './session.ts';
import { type FrontText, useFrontText } from './texts.ts';

const LOOK_TEXT: Readonly<Record<Look, FrontText>> = {
  system: 'lookSystem',
  light: 'lookLight',
  dark: 'lookDark',
};

/** Language and look of this window, and further windows for other people. */
export const WindowSettings = ({ session }: { readonly session: Session }): ReactElement => {
  const say = useFrontText();
  const { person } = useTexts();
  const { choose, language } = useLanguage();
  const [look, setLook] = useState(keptLook);
  return (
    <section className="card window" aria-label={say('thisWindow')}>
      <h2>{say('thisWindow')}</h2>
      <label>
        {say('language')}
        <select
          value={language}
          onChange={({ currentTarget }) =>
            choose(LANGUAGES.find((one) => one === currentTarget.value) ?? language)
          }
        >
          {LANGUAGES.map((one) => (
            <option key={one} value={one} lang={LOCALES[one].tag}>
              {LANGUAGE_NAMES[one]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {say('look')}
        <select
          value={look}
          onChange={({ currentTarget }) => {
            const chosen = LOOKS.find((one) => one === currentTarget.value) ?? 'system';
            chooseLook(chosen);
            setLook(chosen);
          }}
        >
          {LOOKS.map((one) => (
            <option key={one} value={one}>
              {say(LOOK_TEXT[one])}
            </option>
          ))}
        </select>
      </label>
      <p className="links">
        <span>{say('openAs')}</span>
        {session.windows
          .filter(({ id }) => id !== session.user.id)
          .map(({ id }) => (
            <a key={id} href={`/?as=${encodeURIComponent(id)}`} target="_blank" rel="noreferrer">
              {person(id)}
            </a>
          ))}
      </p>
    </section>
  );
};
