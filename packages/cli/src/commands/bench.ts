import { writeFile } from 'node:fs/promises';
import { baselinesText, renderReport, runBench } from '@satchel/bench';
import { SatchelError } from '@satchel/protocol';
import { type Command, type Given, isSet, textOption } from '../command.ts';
import { listOf } from '../server-settings.ts';

/** `satchel bench`: how fast it is here, beside what the machine can do. It fails nothing. */
export const bench: Command = {
  usage: ['[--only NAME,NAME] [--rows N] [--rounds N] [--profiles FOLDER] [--baselines FILE]'],
  options: {
    only: { type: 'string' },
    rows: { type: 'string' },
    rounds: { type: 'string' },
    profiles: { type: 'string' },
    baselines: { type: 'string' },
  },
  help: {
    only: 'these benchmarks, for example first-sync,upload; default all',
    rows: 'rows that the server has; default 100000. With more, growth is measured too',
    rounds: 'rounds, of which the median counts; default 3',
    profiles: 'folder for a CPU profile of every process',
    baselines: 'file to which the ratios are written, to compare later runs with',
  },
  async run(given) {
    const json = isSet(given, 'json');
    const only = textOption(given, 'only');
    const profiles = textOption(given, 'profiles');
    const report = await runBench({
      ...(only === undefined ? {} : { only: listOf(only) }),
      ...(profiles === undefined ? {} : { profiles }),
      rows: wholeNumber(given, 'rows') ?? 100_000,
      rounds: wholeNumber(given, 'rounds') ?? 3,
      signal: given.signal,
      say: (text) => {
        if (!json) given.screen.note(`${text} …\n`);
      },
    });
    const file = textOption(given, 'baselines');
    if (file !== undefined) await writeFile(file, baselinesText(report));
    given.screen.write(json ? `${JSON.stringify(report)}\n` : `\n${renderReport(report)}`);
    return 0;
  },
};

const wholeNumber = (given: Given, name: string): number | undefined => {
  const text = textOption(given, name);
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new SatchelError('usage', { detail: `--${name} takes a whole number above 0, not ${text}` });
  return Number(text);
};
