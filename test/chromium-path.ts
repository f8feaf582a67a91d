import { existsSync } from 'node:fs';

/** Where Debian and its relatives put Chromium; `CHROMIUM_PATH` names another one. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The Chromium that tests drive, or null where there is none. */
export const chromiumPath = (): string | null =>
  process.env.CHROMIUM_PATH ?? PLACES.find((path) => existsSync(path)) ?? null;
