import type { PageLine } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { customer, gone, opened, rows } from '../../test/engine-fixture.ts';

/**
 * A server in small: rows that lie in some of three scopes, entries per scope and row
 * that say present or gone with the version of the last change, and deltas per scope.
 */
const SCOPES = ['one', 'two', 'three'] as const;
const KEYS = ['k0', 'k1', 'k2', 'k3'] as const;

interface Entry {
  readonly version: number;
  readonly gone: 'deleted' | 'left' | null;
  readonly name: string;
}

class SmallServer {
  version = 0;
  readonly rows = new Map<string, { name: string; scopes: Set<string> }>();
  readonly entries = new Map<string, Entry>();

  put(key: string, scopes: ReadonlySet<string>): void {
    this.version += 1;
    const name = `${key}@${this.version}`;
    const before = this.rows.get(key)?.scopes ?? new Set<string>();
    if (scopes.size === 0) this.rows.delete(key);
    else this.rows.set(key, { name, scopes: new Set(scopes) });
    for (const scope of scopes)
      this.entries.set(`${scope}/${key}`, { version: this.version, gone: null, name });
    for (const scope of before) {
      if (scopes.has(scope)) continue;
      const reason = scopes.size === 0 ? 'deleted' : 'left';
      this.entries.set(`${scope}/${key}`, { version: this.version, gone: reason, name });
    }
  }

  /** All that is newer than the version, scope by scope, one line per entry. */
  delta(since: number): PageLine[] {
    const lines: PageLine[] = [];
    for (const [place, entry] of this.entries) {
      if (entry.version <= since) continue;
      const [scope, key] = place.split('/') as [string, string];
      lines.push(
        entry.gone
          ? gone(scope, 'customers', [key, entry.version, entry.gone])
          : rows(scope, 'customers', [key, entry.version, customer(entry.name)]),
      );
    }
    return lines;
  }

  visible(): Record<string, string> {
    return Object.fromEntries([...this.rows].map(([key, { name }]) => [key, name]).toSorted());
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      key: fc.constantFrom(...KEYS),
      scopes: fc.subarray([...SCOPES]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pull' as const), seed: fc.nat() }) },
  // A page that was made for a cursor which has moved on since: a live page that raced a pull.
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('stale' as const), back: fc.integer({ min: 1, max: 3 }) }),
  },
);

const shuffled = <T>(list: readonly T[], seed: number): T[] =>
  list
    .map((value, index) => ({ value, rank: (Math.imul(index + 1, seed + 7919) >>> 0) % 1_000_003 }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ value }) => value);

describe('holds', () => {
  it('[PAGE-20] TRIALS 4: rows in several scopes, moves, lines in any order, pages that raced: the device holds what the server has', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const server = new SmallServer();
        const world = opened();
        const taken: { readonly digest: string | null; readonly version: number }[] = [];
        let at = 0;
        const pull = (seed: number) => {
          taken.push({ digest: world.engine.cursor().digest, version: at });
          const result = world.page(shuffled(server.delta(at), seed));
          expect(result.kind).toBe('taken');
          at = server.version;
        };
        for (const one of steps) {
          if (one.do === 'put') server.put(one.key, new Set(one.scopes));
          else if (one.do === 'pull') pull(one.seed);
          else {
            const old = taken.at(-one.back);
            if (old)
              expect(world.page(server.delta(old.version), { from: old.digest }).kind).toBe('not-from-here');
          }
        }
        pull(1);
        const shown = world.engine.all('select id, name from customers order by id');
        expect(Object.fromEntries(shown.map((row) => [row.id, row.name]))).toEqual(server.visible());
        const holds = world.driver
          .prepare(
            'select (select count(*) from satchel_holds) + (select count(satchel_hold) from customers) as n',
          )
          .get();
        const expected = [...server.rows.values()].reduce((sum, { scopes }) => sum + scopes.size, 0);
        expect(holds).toEqual({ n: expected });
        world.engine.close();
      }),
      { numRuns: 80 },
    );
  });
});
