import { checkCapture } from '../../capture/check-capture.ts';
import { relationOf } from '../../capture/relation.ts';
import { verifyEntries } from '../../capture/verify-entries.ts';
import type { Finding } from '../finding.ts';
import type { DoctorCase } from './doctor-case.ts';

/** Whether every write is captured: triggers as they should be, and nobody who goes round them. */
export const checkCaptured = async (at: DoctorCase): Promise<readonly Finding[]> => {
  if (at.tableIds.size === 0) return [];
  const differences = await checkCapture(at.db, at.app, at.tableIds);
  return [
    ...differences.map(
      (difference): Finding => ({
        code: 'capture-differs',
        severity: difference.state === 'left' ? 'note' : 'error',
        where:
          difference.kind === 'trigger'
            ? `${difference.relation} ${difference.name}`
            : `satchel.${difference.name}`,
        what:
          difference.state === 'left'
            ? 'A leftover of an older definition.'
            : `The ${difference.kind} is ${difference.state}: writes may go unseen.`,
        remedy: 'Run satchel migrate, which puts it right, then satchel verify for writes that went unseen.',
      }),
    ),
    ...(await ungovernedWriters(at)),
    ...(at.deep ? await differingEntries(at) : []),
  ];
};

/** Subscriptions of logical replication apply rows row by row, without statement triggers. */
const ungovernedWriters = async ({ db, app }: DoctorCase): Promise<Finding[]> => {
  const names = Object.values(app.tables).map((table) => relationOf(table).sql);
  const { rows } = await db.query<{ relation: string; subscription: string }>(
    `select r.srrelid::regclass::text as relation, r.srsubid::text as subscription
       from pg_subscription_rel r
      where r.srrelid = any(array(select to_regclass(name)::oid from unnest($1::text[]) as t(name)))
      order by 1, 2`,
    [names],
  );
  return rows.map(({ relation, subscription }) => ({
    code: 'write-ungoverned',
    severity: 'error',
    where: relation,
    what: `Subscription ${subscription} of logical replication writes to it, and its rows fire no statement triggers.`,
    remedy: 'Take the table out of the subscription, or run satchel verify --repair after each of its loads.',
  }));
};

const differingEntries = async ({ db, app, tableIds }: DoctorCase): Promise<Finding[]> => {
  const { counts } = await verifyEntries(db, app, tableIds, 1);
  return [...counts].map(([table, count]) => ({
    code: 'entries-differ',
    severity: 'error',
    where: table,
    what: `${count} entries are not what the rows say: something wrote round the triggers.`,
    remedy: 'Run satchel verify --repair.',
  }));
};
