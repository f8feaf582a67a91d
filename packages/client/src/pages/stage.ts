import type { HeadLine, PageLine } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';

type Mode = HeadLine['mode'];

/** A line that waits, with the mode of the page in which it came. */
export interface StagedLine {
  readonly mode: Mode;
  readonly line: PageLine;
}

/**
 * Why a line waits for a checkpoint.
 * - `part`: it belongs to a delta too large for one answer (rule 20).
 * - `hidden`: its table shows nothing of a backfill before it is complete (rule 19).
 */
type Kind = 'part' | 'hidden';

export const stageLine = ({ db }: EngineContext, kind: Kind, staged: StagedLine): void => {
  db.prepare('insert into satchel_stage (kind, scope, line) values (?, ?, ?)').run([
    kind,
    'scope' in staged.line ? staged.line.scope : null,
    JSON.stringify(staged),
  ]);
};

export const hasStaged = ({ db }: EngineContext, kind: Kind, scope?: string): boolean =>
  (scope === undefined
    ? db.prepare('select 1 as found from satchel_stage where kind = ? limit 1').get([kind])
    : db
        .prepare('select 1 as found from satchel_stage where kind = ? and scope = ? limit 1')
        .get([kind, scope])) !== undefined;

/** Staged lines in the order in which they came, one at a time: a delta may be large. */
export function* stagedLines({ db }: EngineContext): Generator<StagedLine> {
  const next = db.prepare(
    'select stage_no, line from satchel_stage where stage_no > ? order by stage_no limit 1',
  );
  for (let row = next.get([0]); row; row = next.get([row.stage_no as number])) {
    yield JSON.parse(row.line as string) as StagedLine;
  }
}

export const clearStage = ({ db }: EngineContext): void => {
  db.prepare('delete from satchel_stage').run();
};

/** A scope that starts over, or goes, takes with it what waited for it. */
export const dropHidden = ({ db }: EngineContext, scope: string): void => {
  db.prepare("delete from satchel_stage where kind = 'hidden' and scope = ?").run([scope]);
};
