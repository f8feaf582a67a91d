import { ack } from '../clients/ack.ts';
import { listClients, restoreClient, revokeClient, revokedAs } from '../clients/registry.ts';
import { escalateConflict } from '../conflicts/escalate.ts';
import { listConflicts, showConflict } from '../conflicts/list.ts';
import { resolveConflict } from '../conflicts/resolve.ts';
import { resolveMany } from '../conflicts/resolve-many.ts';
import { undoConflict } from '../conflicts/undo.ts';
import type { ServerContext } from '../context.ts';
import { showBatch } from '../operate/batch-record.ts';
import { readFigures } from '../operate/figures.ts';
import { readGauges } from '../operate/gauges.ts';
import { listAlerts } from '../operate/list-alerts.ts';
import { listBatches } from '../operate/list-batches.ts';
import { listItems } from '../operate/list-items.ts';
import { ready } from '../operate/ready.ts';
import { rowHistory } from '../operate/row-history.ts';
import { status } from '../operate/status.ts';
import { digests } from '../pull/digests.ts';
import { pull } from '../pull/pull.ts';
import { rows, versions } from '../pull/versions.ts';
import { push } from '../push/push.ts';
import { replay } from '../push/replay.ts';
import type { Operations } from './operations.ts';

/** The rooms of the server as the HTTP layer asks for them. */
export const serverOperations = (ctx: ServerContext): Operations => ({
  revokedAs: (clientId) => revokedAs(ctx, clientId),
  push: (principal, request, raw, origin) => push(ctx, principal, request, raw, origin),
  pull: (principal, request, digest) => pull(ctx, principal, request, digest),
  ack: (principal, request) => ack(ctx, principal, request),
  digests: (principal, request) => digests(ctx, principal, request),
  versions: (principal, request) => versions(ctx, principal, request),
  rows: (principal, request) => rows(ctx, principal, request),
  status: (principal) => status(ctx, principal),
  listConflicts: (principal, filter) => listConflicts(ctx, principal, filter),
  showConflict: (principal, conflictId) => showConflict(ctx, principal, conflictId),
  resolveConflict: (principal, conflictId, request) => resolveConflict(ctx, principal, conflictId, request),
  undoConflict: (principal, conflictId) => undoConflict(ctx, principal, conflictId),
  escalateConflict: (principal, conflictId, note) => escalateConflict(ctx, principal, conflictId, note),
  resolveConflicts: (principal, request) => resolveMany(ctx, principal, request),
  listClients: (filter) => listClients(ctx, filter),
  revokeClient: (principal, clientId, action) => revokeClient(ctx, principal, clientId, action),
  restoreClient: (principal, clientId) => restoreClient(ctx, principal, clientId),
  listBatches: (filter) => listBatches(ctx, filter),
  listItems: (filter) => listItems(ctx, filter),
  listAlerts: (filter) => listAlerts(ctx, filter),
  figures: (span) => readFigures(ctx, span),
  showBatch: (principal, batchId) => showBatch(ctx, principal, batchId),
  replayBatch: (principal, batchId, dryRun) => replay(ctx, principal, batchId, dryRun),
  rowHistory: (principal, table, key, filter) => rowHistory(ctx, principal, table, key, filter),
  ready: () => ready(ctx),
  gauges: () => readGauges(ctx),
});
