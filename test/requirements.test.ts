import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

const ROUNDS = ['engine', 'contracts', 'browser', 'media', 'console', 'reach', 'protect', 'operate'];
/** Rows of each document. */
const COUNTS = { S0: 149, S1: 140, S2: 125, S3: 138, S4: 82 } as const;

/** The documents' own test scenarios: each is a test of an example, by that name. */
const SCENARIOS: Readonly<Record<string, readonly string[]>> = {
  'examples/shop/test/scenarios.pg.test.ts': ['S1-137', 'S1-138', 'S1-139'],
  'examples/store-forms/test/scenarios.pg.test.ts': [
    'S2-109',
    'S2-110',
    'S2-111',
    'S2-112',
    'S2-113',
    'S2-114',
    'S2-115',
    'S2-116',
  ],
  'examples/civic-reports/test/scenarios.pg.test.ts': ['S3-116', 'S3-117', 'S3-118'],
  'examples/meter-readings/test/scenarios.pg.test.ts': ['S4-72', 'S4-73', 'S4-74', 'S4-76'],
};

interface Requirement {
  readonly id: string;
  readonly round: string;
  readonly where: string;
  /** Files with the id that their titles have. */
  readonly proofs: readonly { readonly file: string; readonly id: string }[];
  /** What is said besides. */
  readonly note: string;
}

const requirements: readonly Requirement[] = read('docs/requirements.md')
  .split('\n')
  .filter((line) => /^\| S\d-\d+ \|/.test(line))
  .map((line) => {
    const [, id = '', , round = '', where = '', proved = ''] = line
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    const proof = /`([^`]+)` ([A-Z][\w-]*\d)/g;
    return {
      id,
      round,
      where: where.replaceAll('`', ''),
      proofs: [...proved.matchAll(proof)].map(([, file = '', named = '']) => ({ file, id: named })),
      note: proved.replaceAll(proof, '').replace(/^[;. ]+/, ''),
    };
  });

/** A title begins with `[ID]`, a table of cases has it in its first column. */
const hasTest = (file: string, id: string): boolean => {
  const text = read(file);
  if (file.endsWith('.md')) return new RegExp(`^\\| (?:[^|]*, )?${id}[ ,]`, 'm').test(text);
  return text.includes(`[${id}]`) || (text.includes("'[%s]") && text.includes(`'${id}'`));
};

describe('the requirements', () => {
  it('are all there, once, each in a round', () => {
    const every = Object.entries(COUNTS).flatMap(([document, count]) =>
      Array.from({ length: count }, (_, at) => `${document}-${String(at + 1).padStart(2, '0')}`),
    );
    expect(every).toHaveLength(634);
    expect(requirements.map(({ id }) => id)).toEqual(every);
    expect(requirements.filter(({ round }) => !ROUNDS.includes(round))).toEqual([]);
  });

  it('of engine and contracts each have a test', () => {
    const bare = requirements.filter(
      ({ round, proofs }) => (round === 'engine' || round === 'contracts') && proofs.length === 0,
    );
    expect(bare.map(({ id }) => id)).toEqual([]);
  });

  it('name files and tests that are there', () => {
    const wrong = requirements.flatMap(({ id, where, proofs }) => [
      ...(where === '' || existsSync(`${root}${where}`) ? [] : [`${id}: there is no ${where}`]),
      ...proofs.flatMap((proof) =>
        existsSync(`${root}${proof.file}`) && hasTest(proof.file, proof.id)
          ? []
          : [`${id}: there is no ${proof.id} in ${proof.file}`],
      ),
    ]);
    expect(wrong).toEqual([]);
  });

  it('that have neither a test nor a place say why', () => {
    const silent = requirements.filter(
      ({ where, proofs, note }) => where === '' && proofs.length === 0 && note === '',
    );
    expect(silent.map(({ id }) => id)).toEqual([]);
  });

  it('the scenarios of the documents are tests by their names', () => {
    const missing = Object.entries(SCENARIOS).flatMap(([file, ids]) =>
      ids.filter(
        (id) =>
          !new RegExp(`(it|describe)(\\.each\\([\\s\\S]*?\\))?\\(\\s*['"\`]\\[${id}\\]`).test(read(file)),
      ),
    );
    expect(missing).toEqual([]);
  });
});
