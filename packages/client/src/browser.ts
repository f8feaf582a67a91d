export { type BrowserPlatformOptions, browserPlatform } from './platform/browser/browser-platform.ts';
export { fetchExchange } from './platform/browser/http.ts';
export { browserNetwork } from './platform/browser/network.ts';
export { browserSocket } from './platform/browser/socket.ts';
export { browserClock, browserRandom, browserScheduler } from './platform/browser/system.ts';
export { localSettings, type SmallSettings, type TextStorage } from './platform/settings/small-settings.ts';
