import { parseArgs } from 'node:util';
import { ERRORS, fillTemplate, SatchelError } from '@satchel/protocol';
import { COMMON_OPTIONS, type Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { terminal } from './screen.ts';

const overview = (): string => {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `satchel — offline-first sync between SQLite on devices and PostgreSQL\n\nUsage: satchel <command> [options]\n\n${lines.join('\n')}\n\nsatchel <command> --help tells the rest.\n`;
};

const helpOf = ({ name, summary, usage, help }: Command): string => {
  const all = { ...help, json: 'one JSON value instead of text', help: 'this text' };
  const width = Math.max(...Object.keys(all).map((option) => option.length));
  const options = Object.entries(all).map(([option, text]) => `  --${option.padEnd(width)}  ${text}`);
  return `${summary}\n\nUsage:\n${usage.map((line) => `  satchel ${name} ${line}`.trimEnd()).join('\n')}\n\nOptions:\n${options.join('\n')}\n`;
};

/** An error as a person reads it: what happened, what to do next. */
const renderError = (error: unknown, json: boolean): string => {
  if (!(error instanceof SatchelError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return json ? `${JSON.stringify({ error: { code: 'crash', message: text } })}\n` : `${text}\n`;
  }
  if (json) return `${JSON.stringify({ error: error.toProblem() })}\n`;
  const { template, remedy } = ERRORS[error.code];
  return `error: ${fillTemplate(template, error.params)} (${error.code})\n  -> ${fillTemplate(remedy, error.params)}\n`;
};

const parse = (command: Command, args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: { ...COMMON_OPTIONS, ...command.options },
      allowPositionals: true,
      strict: true,
    });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause);
    throw new SatchelError('usage', { detail }, { cause });
  }
};

const main = async (args: readonly string[]): Promise<number> => {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.write(overview());
    return name === undefined ? 2 : 0;
  }
  const json = rest.includes('--json');
  try {
    const command = COMMANDS.find((one) => one.name === name);
    if (!command) throw new SatchelError('usage', { detail: `There is no command ${name}` });
    const { values, positionals } = parse(command, rest);
    if (values.help === true) {
      terminal.write(helpOf(command));
      return 0;
    }
    const abort = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        abort.abort(new Interrupted());
        // A second Ctrl-C ends at once.
        process.once(signal, () => process.exit(130));
      });
    return await command.run({
      words: positionals,
      options: values,
      environment: process.env,
      screen: terminal,
      signal: abort.signal,
    });
  } catch (error) {
    if (error instanceof Interrupted) return 130;
    terminal.note(renderError(error, json));
    return error instanceof SatchelError && error.code === 'usage' ? 2 : 1;
  }
};

class Interrupted extends Error {}

process.exitCode = await main(process.argv.slice(2));
