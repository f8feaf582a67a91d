import { type EmbeddedOptions, startEmbedded } from './embedded/start-embedded.ts';

export interface LocateOptions extends EmbeddedOptions {
  /** `DATABASE_URL`: a server of your own. Nothing is started when it is given. */
  readonly databaseUrl?: string | undefined;
}

export interface LocatedPostgres {
  readonly url: string;
  readonly embedded: boolean;
  /** Stops what was started. */
  stop(): Promise<void>;
}

/**
 * The PostgreSQL to use: the one that `databaseUrl` names, else npm's binaries, else an
 * installed PostgreSQL of 15 or later, on the data in `dataDir`.
 *
 * @throws `postgres_missing`, `postgres_start_failed`, `postgres_data_version`, `config_invalid`
 * @example
 * ```ts
 * const postgres = await locatePostgres({
 *   databaseUrl: process.env.DATABASE_URL,
 *   dataDir: '.satchel/postgres',
 * });
 * ```
 */
export const locatePostgres = async ({
  databaseUrl,
  ...options
}: LocateOptions): Promise<LocatedPostgres> => {
  if (databaseUrl) return { url: databaseUrl, embedded: false, stop: async () => undefined };
  const { url, stop } = await startEmbedded(options);
  return { url, embedded: true, stop: () => stop() };
};
