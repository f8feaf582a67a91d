import { OUTCOMES } from '@satchel/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gravest } from './outcome-order.ts';

test('[CORE-OUTCOME-01] the gravest of the changes is the mutation’s', () => {
  expect(gravest([])).toBe('applied');
  expect(gravest(['applied', 'merged'])).toBe('merged');
  expect(gravest(['superseded', 'review', 'merged'])).toBe('review');
  expect(gravest(['rejected', 'review'])).toBe('rejected');
});

test('[CORE-OUTCOME-01] it does not depend on order or grouping', () => {
  const outcomes = fc.array(fc.constantFrom(...OUTCOMES), { maxLength: 6 });
  fc.assert(
    fc.property(outcomes, outcomes, (a, b) => {
      expect(gravest([...a, ...b])).toBe(gravest([...b, ...a]));
      expect(gravest([...a, ...b])).toBe(gravest([gravest(a), gravest(b)]));
    }),
  );
});
