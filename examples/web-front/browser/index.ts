export { AppIcon, type AppIconName } from './app-icon.tsx';
export { type Say, saying, type TextTable, useLanguage } from './language.tsx';
export { type FrontProps, openFront } from './open-front.tsx';
export type { Session } from './session.ts';
export { Shell } from './shell.tsx';
export { goTo, usePage } from './use-page.ts';
export { WindowSettings } from './window-settings.tsx';
