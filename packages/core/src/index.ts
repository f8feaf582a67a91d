export * from './capabilities.ts';
export * from './column.ts';
export * from './policy.ts';
