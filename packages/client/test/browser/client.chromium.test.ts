import { describe, expect, it } from 'vitest';
import { suiteResults } from './suite-results.ts';

const results = await suiteResults(new URL('./client-suite.page.ts', import.meta.url));

describe('clients in Chromium', () => {
  for (const { name, error } of results)
    it(name, () => {
      expect(error).toBeNull();
    });
});
