import { ackLostBatchRetried } from './ack-lost-batch-retried.ts';
import { backupRestoredWithWorkWaiting } from './backup-restored-with-work-waiting.ts';
import { branchArrivesOutOfOrder } from './branch-arrives-out-of-order.ts';
import { clockOf2035AndBack } from './clock-of-2035-and-back.ts';
import { clonedDevices } from './cloned-devices.ts';
import { commitsInReverseOrder } from './commits-in-reverse-order.ts';
import { deletedUnderAnOfflineEdit } from './deleted-under-an-offline-edit.ts';
import { failedUploadDrainsByItself } from './failed-upload-drains-by-itself.ts';
import { filterIsNoOracle } from './filter-is-no-oracle.ts';
import { fiveHundredOpsOverTwoSchemas } from './five-hundred-ops-over-two-schemas.ts';
import { killedAfterALocalCommit } from './killed-after-a-local-commit.ts';
import { largeRightGivenCutMidway } from './large-right-given-cut-midway.ts';
import { largeServerTransaction } from './large-server-transaction.ts';
import { liveQueryStoppedInABurst } from './live-query-stopped-in-a-burst.ts';
import { logoutThreeWays } from './logout-three-ways.ts';
import { mostlyTombstones } from './mostly-tombstones.ts';
import { ninetyDaysOffline } from './ninety-days-offline.ts';
import { partitionOneWayAndBoth } from './partition-one-way-and-both.ts';
import { poisonDelaysNobody } from './poison-delays-nobody.ts';
import { reviewNobodyComesTo } from './review-nobody-comes-to.ts';
import { rightTakenWithWorkWaiting } from './right-taken-with-work-waiting.ts';
import type { Scenario } from './scenario.ts';
import { scopeLeavesThroughOtherTable } from './scope-leaves-through-other-table.ts';
import { scopesRedefined } from './scopes-redefined.ts';
import { tenantBesideALargeOne } from './tenant-beside-a-large-one.ts';
import { tokenEndsMidway } from './token-ends-midway.ts';
import { transactionOpenForHalfAnHour } from './transaction-open-for-half-an-hour.ts';

/** How a scenario of the reliability plan is shown to hold. */
export type Shown =
  | { readonly by: 'run'; readonly scenario: Scenario; readonly not?: string }
  /** By real processes or a browser: a test file, and the rule that its titles begin with. */
  | { readonly by: 'elsewhere'; readonly file: string; readonly rule: string; readonly not?: string }
  | { readonly by: 'not-yet'; readonly title: string; readonly why: string };

const run = (scenario: Scenario, not?: string): Shown => ({ by: 'run', scenario, ...(not ? { not } : {}) });
const elsewhere = (file: string, rule: string, not?: string): Shown => ({
  by: 'elsewhere',
  file,
  rule,
  ...(not ? { not } : {}),
});

const TABS = 'packages/client/test/browser/tabs.chromium.test.ts';

/** Scenarios that hurt other systems, by their number in the reliability plan, which leaves out some numbers. */
export const SCENARIOS: Readonly<Record<number, Shown>> = {
  1: run(killedAfterALocalCommit),
  2: run(failedUploadDrainsByItself),
  4: run(ackLostBatchRetried),
  5: run(partitionOneWayAndBoth),
  6: run(rightTakenWithWorkWaiting),
  7: run(largeRightGivenCutMidway, 'with 2,000 rows; 100,000 are copied by satchel bench --only first-sync'),
  8: run(scopeLeavesThroughOtherTable),
  10: run(commitsInReverseOrder),
  11: run(transactionOpenForHalfAnHour),
  12: run(deletedUnderAnOfflineEdit),
  14: run(branchArrivesOutOfOrder),
  15: run(fiveHundredOpsOverTwoSchemas),
  16: run(backupRestoredWithWorkWaiting),
  17: run(scopesRedefined),
  19: elsewhere(TABS, 'BROWSER-21'),
  20: elsewhere(TABS, 'BROWSER-23', 'in Chromium; there is no Safari here'),
  21: elsewhere('packages/client/test/browser/storage.chromium.test.ts', 'BROWSER-04'),
  22: elsewhere(
    'test/kill.pg.test.ts',
    'POINT-3',
    'killed at any statement of a first copy; memory over a million rows is measured by satchel bench --only growth, on no phone',
  ),
  23: run(largeServerTransaction),
  24: run(mostlyTombstones),
  26: run(tenantBesideALargeOne),
  27: run(filterIsNoOracle),
  29: run(tokenEndsMidway),
  30: run(logoutThreeWays),
  31: run(clockOf2035AndBack),
  32: {
    by: 'not-yet',
    title: 'a 600 MB video on a slow line, suspended every minute',
    why: 'media are not built yet',
  },
  33: { by: 'not-yet', title: 'the same operation by SMS and by data', why: 'there is no way in by SMS yet' },
  34: run(reviewNobodyComesTo),
  35: run(liveQueryStoppedInABurst, 'on SQLite beside Node; it has not run on a phone'),
};

/** Runs that give a figure of the scorecard. */
export const FIGURE_SCENARIOS: Readonly<Record<string, Scenario>> = {
  R14: ninetyDaysOffline,
  R17: clonedDevices,
  R18: poisonDelaysNobody,
};

/** Every scenario that can be run, in order. */
export const runnable = (): readonly { readonly place: string; readonly scenario: Scenario }[] => [
  ...Object.entries(SCENARIOS).flatMap(([place, shown]) =>
    shown.by === 'run' ? [{ place, scenario: shown.scenario }] : [],
  ),
  ...Object.entries(FIGURE_SCENARIOS).map(([place, scenario]) => ({ place, scenario })),
];
