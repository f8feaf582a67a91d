import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { SatchelError } from '@satchel/protocol';
import { COMMON_OPTIONS, type Command } from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';
import { problemOf, renderError } from './render-error.ts';
import { renderTable, terminal } from './screen.ts';

const overview = (): string => {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `satchel — offline-first sync between SQLite on devices and PostgreSQL\n\nUsage: satchel <command> [options]\n\n${lines.join('\n')}\n\nsatchel <command> --help tells the rest; satchel --version which one this is.\n`;
};

const helpOf = ({ name, summary }: CommandEntry, { usage, help, variables = {} }: Command): string => {
  const all = { ...help, json: 'one JSON value instead of text', help: 'this text' };
  const options = Object.entries(all).map(([option, text]) => [`--${option}`, text]);
  return [
    `${summary}\n`,
    section(
      'Usage',
      usage.map((line) => [`satchel ${name} ${line}`.trimEnd()]),
    ),
    section('Options', options),
    ...(Object.keys(variables).length === 0 ? [] : [section('Environment', Object.entries(variables))]),
  ].join('');
};

const section = (title: string, rows: readonly (readonly string[])[]): string =>
  `\n${title}:\n${renderTable(rows).replace(/^(?=.)/gm, '  ')}`;

const version = async (): Promise<string> => {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
};

const parse = (command: Command, args: readonly string[]) => {
  const parsed = parseOptions(command, args);
  const surplus = parsed.positionals[command.words ?? 0];
  if (surplus !== undefined && parsed.values.help !== true)
    throw new SatchelError('usage', { detail: `There is no place for the word ${surplus}` });
  return parsed;
};

const parseOptions = (command: Command, args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: { ...COMMON_OPTIONS, ...command.options },
      allowPositionals: true,
      strict: true,
    });
  } catch (cause) {
    const detail =
      cause instanceof Error ? (cause.message.split('. ', 1)[0] ?? '').replace(/\.$/, '') : String(cause);
    throw new SatchelError('usage', { detail }, { cause });
  }
};

const main = async (args: readonly string[]): Promise<number> => {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.write(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    terminal.write(`${await version()}\n`);
    return 0;
  }
  const json = rest.includes('--json');
  const entry = COMMANDS.find((one) => one.name === name);
  const abort = new AbortController();
  try {
    if (!entry) throw new SatchelError('usage', { detail: `There is no command ${name}` });
    const command = await entry.load();
    const { values, positionals } = parse(command, rest);
    if (values.help === true) {
      terminal.write(helpOf(entry, command));
      return 0;
    }
    abortOnSignals(abort);
    return await command.run({
      words: positionals,
      options: values,
      environment: process.env,
      screen: terminal,
      signal: abort.signal,
    });
  } catch (error) {
    // Whatever a command called off in its middle says, it was called off.
    if (abort.signal.aborted) return INTERRUPTED;
    terminal.note(renderError(error, entry?.name, json));
    return problemOf(error)?.code === 'usage' ? 2 : 1;
  }
};

/** Exit code of what was called off, as shells give it for Ctrl-C. */
const INTERRUPTED = 130;

/** Milliseconds in which signals are one: a terminal and npm both send the Ctrl-C of one key. */
const ONE_PRESS = 500;

/** The first Ctrl-C ends in good order, a later one at once. */
const abortOnSignals = (abort: AbortController): void => {
  let first: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      first ??= performance.now();
      if (performance.now() - first > ONE_PRESS) process.exit(INTERRUPTED);
      abort.abort(new Error(signal));
    });
};

process.exitCode = await main(process.argv.slice(2));
