import type { Command } from './command.ts';

/** A command before its room is loaded: most need only a part of what is installed. */
export interface CommandEntry {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Every command, in the order in which a newcomer meets them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'write a first satchel.app.ts to start from',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'dev',
    summary: 'run everything on this machine: PostgreSQL, server, tokens for anybody',
    load: async () => (await import('./commands/dev.ts')).dev,
  },
  {
    name: 'start',
    summary: 'run the server on your PostgreSQL',
    load: async () => (await import('./commands/start.ts')).start,
  },
  {
    name: 'migrate',
    summary: 'bring PostgreSQL to what the app says: tables, capture, own tables of Satchel',
    load: async () => (await import('./commands/migrate.ts')).migrate,
  },
  {
    name: 'doctor',
    summary: 'examine a database: rights, triggers, settings, what is stuck',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'verify',
    summary: 'compare what capture noted with the rows themselves, and mend it',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  {
    name: 'conflicts',
    summary: 'list, show, resolve and undo conflicts',
    load: async () => (await import('./commands/conflicts.ts')).conflicts,
  },
  {
    name: 'quarantine',
    summary: 'list, show, export, retry and discard what a device keeps in quarantine',
    load: async () => (await import('./commands/quarantine.ts')).quarantine,
  },
  {
    name: 'token',
    summary: 'make a token for development',
    load: async () => (await import('./commands/token.ts')).token,
  },
  {
    name: 'demo',
    summary: 'three devices, real data, a bad network, two kills: and all end equal',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'bench',
    summary: 'how fast it is on this machine, beside what the machine can do',
    load: async () => (await import('./commands/bench.ts')).bench,
  },
  {
    name: 'simulate',
    summary: 'the whole system, or its pure core, under faults from a seed',
    load: async () => (await import('./commands/simulate.ts')).simulate,
  },
  {
    name: 'scorecard',
    summary: 'how reliable it was shown to be: R1 to R28, each with its command',
    load: async () => (await import('./commands/scorecard.ts')).scorecard,
  },
];
