import { writeFile } from 'node:fs/promises';
import { betterSqlite3Driver, openEngine, systemClock, systemRandom } from '@satchel/client/node';
import { ERRORS, fillTemplate, isErrorCode, type Problem, SatchelError } from '@satchel/protocol';
import { type Command, type Given, isSet, textOption } from '../command.ts';
import { appHelp, appOptions, loadApp } from '../load-app.ts';
import { renderTable } from '../screen.ts';

/** `satchel quarantine`: what a device keeps that the server refused. */
export const quarantine: Command = {
  usage: [
    '[list] --user ID [--directory DIR] [--database NAME]',
    'show ID --user ID …',
    'export [ID …] [--out FILE] --user ID …',
    'retry ID … --user ID …',
    'discard ID … --user ID …',
  ],
  words: Number.POSITIVE_INFINITY,
  options: {
    ...appOptions,
    directory: { type: 'string' },
    database: { type: 'string' },
    user: { type: 'string' },
    out: { type: 'string' },
  },
  help: {
    ...appHelp,
    directory: "folder of the device's databases; default .",
    database: 'name of the database; default the only one there',
    user: 'user whose database it is',
    out: 'file that an export is written to; default the screen',
  },
  async run(given) {
    const app = await loadApp(given);
    const directory = textOption(given, 'directory') ?? '.';
    const drivers = betterSqlite3Driver({ directory });
    const names = await drivers.list('satchel-');
    const name = databaseOf(names, textOption(given, 'database'), directory);
    const userId = textOption(given, 'user');
    if (userId === undefined) throw new SatchelError('usage', { detail: 'Name the user with --user' });
    const driver = await drivers.open(name);
    const engine = openEngine({ app, driver, userId, clock: systemClock, random: systemRandom });
    try {
      return await perform(given, engine);
    } finally {
      engine.close();
    }
  },
};

/** One that is there: a name that is not would be made. */
const databaseOf = (names: readonly string[], named: string | undefined, directory: string): string => {
  const [only] = names;
  if (only === undefined)
    throw new SatchelError('usage', {
      detail: `No database of a device is in ${directory}; name its folder with --directory`,
    });
  if (named === undefined && names.length === 1) return only;
  if (named !== undefined && names.includes(named)) return named;
  throw new SatchelError('usage', { detail: `Name the database with --database: ${names.join(', ')}` });
};

const perform = async (given: Given, engine: ReturnType<typeof openEngine>): Promise<number> => {
  const [verb = 'list', ...ids] = given.words;
  if (['show', 'retry', 'discard'].includes(verb) && ids.length === 0)
    throw new SatchelError('usage', { detail: 'Name the mutations by their ids' });
  const entry = (id: string | undefined) => {
    const found = engine.quarantine().find(({ mutationId }) => mutationId === id);
    if (!found) throw new SatchelError('quarantine_unknown', { mutationId: id ?? '' });
    return found;
  };
  const tell = (value: unknown, text: string): number => {
    given.screen.write(isSet(given, 'json') ? `${JSON.stringify(value)}\n` : text);
    return 0;
  };
  switch (verb) {
    case 'list': {
      const entries = engine.quarantine();
      const rows = entries.map(({ mutationId, at, problem, changes }) => [
        mutationId,
        new Date(at).toISOString(),
        changes.map(({ table, key }) => `${table} ${key}`).join(', '),
        textOf(problem),
      ]);
      return tell(
        { quarantine: entries },
        entries.length === 0
          ? 'Nothing is in quarantine.\n'
          : renderTable([['id', 'since', 'rows', 'why'], ...rows]),
      );
    }
    case 'show': {
      const found = entry(ids[0]);
      return tell(found, `${textOf(found.problem)}\n${JSON.stringify(found.changes, null, 2)}\n`);
    }
    case 'export': {
      const text = engine.quarantineExport(ids.length > 0 ? ids : undefined);
      const out = textOption(given, 'out');
      if (out === undefined) {
        // To the letter as it was, or would have been, sent: nothing is parsed and written anew.
        given.screen.write(
          isSet(given, 'json') ? `{"mutations":[${text.trimEnd().split('\n').join(',')}]}\n` : text,
        );
        return 0;
      }
      await writeFile(out, text);
      return tell({ written: out }, `Wrote ${out}.\n`);
    }
    case 'retry': {
      const written = ids.map((id) => engine.quarantineRetry(entry(id).mutationId));
      return tell({ written }, `${written.length} written again; the next sync sends them.\n`);
    }
    case 'discard': {
      for (const id of ids) engine.quarantineDiscard(entry(id).mutationId);
      return tell({ discarded: ids }, `${ids.length} discarded.\n`);
    }
    default:
      throw new SatchelError('usage', { detail: `satchel quarantine does not know ${verb}` });
  }
};

const textOf = ({ code, params }: Problem): string =>
  isErrorCode(code) ? fillTemplate(ERRORS[code].template, params) : code;
