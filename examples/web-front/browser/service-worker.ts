import { clientsClaim } from 'workbox-core';
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';

/** Filled in when the front is built: every file of it. */
declare const self: {
  readonly __PRECACHE__: { url: string; revision: string | null }[];
  skipWaiting(): void;
};

precacheAndRoute(self.__PRECACHE__);
cleanupOutdatedCaches();
// Whatever address is opened, the app starts from its own files.
registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html')));
self.skipWaiting();
clientsClaim();
