export { betterSqlite3Driver } from './platform/node/better-sqlite3-driver.ts';
export { type NodePlatformOptions, nodePlatform } from './platform/node/node-platform.ts';
