import { fillScope } from '@satchel/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mistakeOf, plain, products, tables } from '../test/mistaken.ts';
import { type App, boolean, defineApp, id, membershipScopes, ref, sql, table, text, via } from './index.ts';

const defined = (input: unknown): App => defineApp(input as never);

describe('scopes', () => {
  it('[SCO-01] a template is parsed into its parts', () => {
    const { scopes } = defined(products({ open: boolean() }, { scope: ['all', 'shop:{storeId}/{open}'] }))
      .tables.products!;
    expect(scopes).toEqual([
      { kind: 'template', template: { text: 'all', parts: [{ literal: 'all' }] } },
      {
        kind: 'template',
        template: {
          text: 'shop:{storeId}/{open}',
          parts: [{ literal: 'shop:' }, { column: 'storeId' }, { literal: '/' }, { column: 'open' }],
        },
      },
    ]);
  });

  it('[SCO-02] what is accepted never fills in to one name for two rows', () => {
    const piece = fc.constantFrom('a', ':', '/', '.', '-', '_', '{x}', '{y}', 'b:');
    const value = fc.constantFrom('', 'a', ':', 'a:a', '.', '-a', 'b', '%3A', '/', '{x}');
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 6 }),
        value,
        value,
        value,
        value,
        (pieces, a, b, c, d) => {
          const template = pieces.join('');
          const result = mistakeOf(tables({ t: plain({ scope: template }, { x: text(), y: text() }) }));
          fc.pre('tables' in (result as object));
          const rule = (result as App).tables.t!.scopes[0]!;
          if (rule.kind !== 'template') throw new Error('not a template');
          const named = (x: string, y: string) => fillScope(rule.template, { x, y });
          const uses = (column: string, left: string, right: string) =>
            !rule.template.parts.some((part) => 'column' in part && part.column === column) || left === right;
          if (named(a, b) === named(c, d)) expect(uses('x', a, c) && uses('y', b, d)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('[SCO-03] via goes from reference to reference', () => {
    const { tables: made } = defineApp({
      name: 'x',
      tables: {
        forms: table({ id: id() }, { scope: 'all' }),
        sections: table({ id: id(), formId: ref('forms') }, { scope: via('formId') }),
        fields: table({ id: id(), sectionId: ref('sections') }, { scope: ['mine', via('sectionId')] }),
      },
      scopesOf: () => ['all'],
    });
    expect(made.fields.scopes[1]).toEqual({ kind: 'via', columns: ['sectionId'], table: 'sections' });
  });

  it('[SCO-04] membership scopes are SQL that says what it reads', () => {
    const { scopesOf } = defineApp({
      name: 'x',
      tables: { members: table({ id: id(), team: text(), userId: text() }, { scope: 'user:{userId}' }) },
      scopesOf: membershipScopes({ table: 'members', user: 'userId', scope: 'team:{team}' }),
    });
    expect(scopesOf).toMatchObject({ kind: 'sql', reads: ['members'] });
    expect(scopesOf.kind === 'sql' && scopesOf.text).toContain(
      'from "public"."members" m where m."user_id" = $1',
    );
  });

  it('[SCO-04] SQL of the app is kept as it is', () => {
    const text = "select 'region:' || region from agents where id = $1";
    const { scopesOf } = defined({ ...(products({}) as object), scopesOf: sql(text, { reads: ['agents'] }) });
    expect(scopesOf).toEqual({ kind: 'sql', text, reads: ['agents'] });
  });
});
