import { SatchelError } from '@satchel/protocol';
import { type Command, isSet, textOption } from '../command.ts';
import { runDemo } from '../demo/demo.ts';

/** `satchel demo`: the main job on real data, from nothing to a proven end. */
export const demo: Command = {
  usage: ['[--edits N] [--seed N]'],
  options: { edits: { type: 'string' }, seed: { type: 'string' } },
  help: {
    edits: 'transactions that each device makes offline; default 2000',
    seed: 'seed of edits and faults; default 1',
  },
  async run(given) {
    const equal = await runDemo({
      seed: wholeNumber('seed', textOption(given, 'seed') ?? '1'),
      edits: wholeNumber('edits', textOption(given, 'edits') ?? '2000'),
      json: isSet(given, 'json'),
      screen: given.screen,
      signal: given.signal,
    });
    return equal ? 0 : 1;
  },
};

const wholeNumber = (name: string, text: string): number => {
  if (!/^\d{1,9}$/.test(text))
    throw new SatchelError('usage', { detail: `--${name} takes a whole number, not ${text}` });
  return Number(text);
};
