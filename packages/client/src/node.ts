export { openEngine } from './database/open-engine.ts';
export { betterSqlite3Driver, betterSqlite3Over } from './platform/node/better-sqlite3-driver.ts';
export { type NodePlatformOptions, nodePlatform } from './platform/node/node-platform.ts';
export { systemClock, systemRandom, systemScheduler } from './platform/node/system.ts';
