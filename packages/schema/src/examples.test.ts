import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { bizpulse } from '../test/bizpulse.ts';
import * as schema from './index.ts';

/** What an example may use without defining it: all of the package, an app, Yjs. */
const GIVEN = { ...schema, app: bizpulse, Y: { mergeUpdates: (updates: Uint8Array[]) => updates[0]! } };

interface Example {
  readonly name: string;
  readonly code: string;
}

const examples = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && !file.includes('.test'))
  .flatMap((file): Example[] => {
    const source = readFileSync(new URL(file, import.meta.url), 'utf8');
    return [...source.matchAll(/^ \* ```ts\n([\s\S]*?)^ \* ```$/gm)].map((match, at) => ({
      name: `${file} ${at + 1}`,
      code: match[1]!.replace(/^ \* ?/gm, ''),
    }));
  });

/** `expression; // value`, or the value in the comment of the next line, becomes a comparison. */
const withComparisons = (code: string): string =>
  code.replace(
    /^(?!type )(\S.*);(?:\n| )\/\/ (.+)$/gm,
    (_, expression: string, value: string) => `same(${expression}, (${value}));`,
  );

it.each(examples)('[DOC-03] the example runs and gives what it says: $name', ({ code }) => {
  const { outputText } = ts.transpileModule(withComparisons(code), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  const run = new Function('given', 'same', `with (given) { return (() => { ${outputText} })(); }`);
  run(GIVEN, (actual: unknown, expected: unknown) => expect(actual).toEqual(expected));
});

it('[DOC-03] there are examples, and some of them compare', () => {
  expect(examples.length).toBeGreaterThan(12);
  expect(examples.filter(({ code }) => withComparisons(code) !== code).length).toBeGreaterThan(6);
});
