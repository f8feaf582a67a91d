import type { ParseArgsConfig } from 'node:util';
import type { Screen } from './screen.ts';

/** One command of `satchel`: its words, and what it does. */
export interface Command {
  /** Lines after the name, for example `[--dry-run]`. */
  readonly usage: readonly string[];
  /** The most words that it takes beside its options. Default none. */
  readonly words?: number;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** One line for each option. */
  readonly help: Readonly<Record<string, string>>;
  /** One line for each variable of the environment that no option stands for. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Resolves to the exit code: 0 good, 1 something is wrong with what was looked at, 2 wrong usage. */
  run(given: Given): Promise<number>;
}

export type OptionValue = string | boolean | undefined | readonly (string | boolean)[];

/** What a command is given. */
export interface Given {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly screen: Screen;
  /** Aborted by Ctrl-C or a stop signal: end what is under way, leave nothing behind. */
  readonly signal: AbortSignal;
}

/** Options that every command has. */
export const COMMON_OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];

export const textOption = (given: Given, name: string): string | undefined => {
  const value = given.options[name];
  return typeof value === 'string' ? value : undefined;
};

export const isSet = (given: Given, name: string): boolean => given.options[name] === true;
