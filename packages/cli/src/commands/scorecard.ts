import { readFile, writeFile } from 'node:fs/promises';
import {
  type Baselines,
  readRecords,
  reliabilityPage,
  runFacts,
  scorecard as scorecardOf,
} from '@satchel/simulation';
import { type Command, isSet, textOption } from '../command.ts';
import { renderTable } from '../screen.ts';

const RECORDS = 'docs/reliability.json';
const BASELINES = 'bench/baselines.json';

const readBaselines = async (): Promise<Baselines> => {
  try {
    return JSON.parse(await readFile(BASELINES, 'utf8')) as Baselines;
  } catch {
    return {};
  }
};

/** `satchel scorecard`: R1 to R28 from the runs that were kept; nothing is run anew. */
export const scorecard: Command = {
  usage: ['[--records FILE] [--write FILE]'],
  options: { records: { type: 'string' }, write: { type: 'string' } },
  help: {
    records: `what satchel simulate --record has kept; default ${RECORDS}`,
    write: 'writes the page there too, for example docs/reliability.md',
  },
  async run(given) {
    const records = await readRecords(textOption(given, 'records') ?? RECORDS);
    const figures = scorecardOf(records, await readBaselines());
    const facts = runFacts('satchel scorecard');
    const file = textOption(given, 'write');
    if (file !== undefined) await writeFile(file, reliabilityPage(figures, records));
    if (isSet(given, 'json')) {
      given.screen.write(`${JSON.stringify({ ...facts, figures, runs: records })}\n`);
      return 0;
    }
    given.screen.write(`Commit ${facts.commit}, ${facts.machine}, ${facts.date}\n\n`);
    given.screen.write(
      renderTable([
        ['', 'figure', 'measured', 'by'],
        ...figures.map(({ id, what, value, from }) => [id, what, value ?? 'not measured yet', from]),
      ]),
    );
    for (const record of records) {
      const seeds =
        record.kind === 'planted'
          ? `${record.bugs} bugs`
          : record.kind === 'counted'
            ? record.by
            : `seeds ${record.seeds.join('..')}`;
      given.screen.write(
        `\n${record.kind}: ${seeds}, commit ${record.commit}, ${record.machine}, ${record.date}`,
      );
    }
    given.screen.write('\n');
    return 0;
  },
};
