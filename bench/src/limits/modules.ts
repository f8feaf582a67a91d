/** Address of a module of the machine's limits, for a process that is to run it. */
export const limitModule = (name: 'sqlite' | 'text' | 'postgres' | 'network'): string =>
  new URL(`./${name}.js`, import.meta.url).href;
