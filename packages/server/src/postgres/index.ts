export * from './columns.ts';
export * from './database.ts';
export * from './embedded/start-embedded.ts';
export * from './key-columns.ts';
export * from './migrate.ts';
export * from './pg-database.ts';
export * from './pg-errors.ts';
export * from './quote.ts';
