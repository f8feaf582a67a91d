export * from './database.ts';
export * from './embedded/start-embedded.ts';
export * from './migrate.ts';
export * from './pg-database.ts';
