import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

it('[REACT-34] the guide shows code that is type-checked', () => {
  const shown = /```tsx\n([\s\S]*?)```/.exec(read('../../../docs/guides/react.md'))?.[1];
  expect(shown).toBe(read('guide.tsx'));
});
