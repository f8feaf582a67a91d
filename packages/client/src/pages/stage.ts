import type { PageLine } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';

/**
 * Why a line waits for a checkpoint.
 * - `part`: it belongs to a delta too large for one answer (rule 20).
 * - `hidden`: its table shows nothing of a backfill before it is complete (rule 19), or it
 *   sweeps what the copy did not bring.
 */
type Kind = 'part' | 'hidden';

export const stageLine = ({ db }: EngineContext, kind: Kind, line: PageLine): void => {
  db.prepare('insert into satchel_stage (kind, scope, line) values (?, ?, ?)').run([
    kind,
    'scope' in line ? line.scope : null,
    JSON.stringify(line),
  ]);
};

export const hasStaged = ({ db }: EngineContext, kind: Kind, scope?: string): boolean =>
  (scope === undefined
    ? db.prepare('select 1 as found from satchel_stage where kind = ? limit 1').get([kind])
    : db
        .prepare('select 1 as found from satchel_stage where kind = ? and scope = ? limit 1')
        .get([kind, scope])) !== undefined;

/** Staged lines in the order in which they came, one at a time: a delta may be large. */
export function* stagedLines({ db }: EngineContext): Generator<PageLine> {
  const next = db.prepare(
    'select stage_no, line from satchel_stage where stage_no > ? order by stage_no limit 1',
  );
  for (let row = next.get([0]); row; row = next.get([row.stage_no as number])) {
    yield JSON.parse(row.line as string) as PageLine;
  }
}

export const clearStage = ({ db }: EngineContext): void => {
  db.prepare('delete from satchel_stage').run();
};

/** A scope that starts over, or goes, takes with it what waited for it. */
export const dropHidden = ({ db }: EngineContext, scope: string): void => {
  db.prepare("delete from satchel_stage where kind = 'hidden' and scope = ?").run([scope]);
};
