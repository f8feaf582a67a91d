import type { Conflict, Json } from '@satchel/protocol';
import type { Principal, Table } from '@satchel/schema';
import { conflictsOf, sidesOf } from '../conflict-view.ts';
import type { DialectServer } from '../dialect-route.ts';
import { addressOf, conflictIdsOf, type ItemAnswer, versionsOfClashes } from '../item-result.ts';
import { problemText } from '../problem-text.ts';
import { valuesToWire } from '../wire-values.ts';
import type { MobileItem } from './read-items.ts';

/** What became of each item, in their order. */
export const resultsOf = async (
  server: DialectServer,
  principal: Principal,
  items: readonly MobileItem[],
  answers: readonly ItemAnswer[],
): Promise<readonly Record<string, Json>[]> => {
  const { ctx } = server;
  const versions = await versionsOfClashes(ctx, answers);
  const known = await conflictsOf(
    server,
    principal,
    conflictIdsOf(answers.filter(({ kind }) => kind === 'conflict')),
  );
  return await Promise.all(
    answers.map(async (answer, at): Promise<Record<string, Json>> => {
      const { client_temp_id: temporary, client_version } = items[at]!;
      const client_temp_id = temporary ?? null;
      switch (answer.kind) {
        case 'done':
          return {
            client_temp_id,
            status: 'ok',
            server_id: answer.key,
            server_version: answer.version ?? null,
            ...(answer.conflictId === undefined ? {} : { conflict_id: answer.conflictId }),
          };
        case 'conflict': {
          const { item, problem, conflictId } = answer;
          const version = answer.version ?? versions.get(addressOf(item)) ?? null;
          return {
            client_temp_id,
            status: 'conflict',
            server_id: answer.key,
            server_version: version,
            error:
              problem === undefined
                ? `Version mismatch: server_version=${version ?? 'none'}, client_version=${client_version}`
                : problemText(ctx.app, problem),
            ...(problem === undefined ? {} : { code: problem.code }),
            ...(conflictId === undefined ? {} : { conflict_id: conflictId }),
            server_payload: await serverSide(server, principal, item.table, answer, known),
          };
        }
        case 'waiting':
        case 'failed':
          return {
            client_temp_id,
            status: 'error',
            server_id: answer.item?.key ?? null,
            server_version: null,
            error: problemText(ctx.app, answer.problem),
            code: answer.problem.code,
          };
      }
    }),
  );
};

const serverSide = async (
  { ctx }: DialectServer,
  principal: Principal,
  table: Table,
  answer: ItemAnswer & { readonly kind: 'conflict' },
  known: ReadonlyMap<string, Conflict>,
): Promise<Record<string, Json> | null> => {
  if (answer.row !== undefined) return valuesToWire(table, answer.row);
  const conflict = answer.conflictId === undefined ? undefined : known.get(answer.conflictId);
  return conflict === undefined ? null : (await sidesOf(ctx, principal, conflict)).server;
};
