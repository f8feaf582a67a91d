import { type ClientReport, type RunReport, SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { recordRuns, VISIT } from './runs-told.ts';

/** What a request says of the client that sent it. */
export interface Report {
  /** The opening of the client database that speaks; pulls do not say. */
  readonly runId?: string | undefined;
  /** The client's own clock when it sent, UTC milliseconds. */
  readonly sentAt?: number | undefined;
  readonly client?: ClientReport | undefined;
  /** What it asks for: to send, or to be sent. */
  readonly direction?: 'up' | 'down' | undefined;
}

export interface Heard {
  /** The run was overtaken by a later one: a restored or cloned device, which needs a new client id. */
  readonly newClient: boolean;
}

/** A client that may speak. */
export interface Speaker extends Heard {
  /** Writes down what it said of itself: nothing of its request hangs on that, which may go on meanwhile. */
  readonly note: () => Promise<void>;
}

/**
 * A client that speaks more often than this is written down only when something else about it
 * changed; so is each of its runs, or of two that alternate the second would never be.
 */
const HEARD_EVERY = 30_000;

/**
 * Every request of a client begins here: it is registered, found to be the
 * principal's own and not revoked, and written down as heard.
 *
 * @throws `client_of_other_user`, `client_revoked`
 */
export const heardFrom = async (
  ctx: ServerContext,
  tx: Queryable,
  principal: Principal,
  clientId: string,
  report: Report,
): Promise<Heard> => {
  const { note, ...heard } = await speakerOf(ctx, tx, principal, clientId, report);
  await note();
  return heard;
};

/** As `heardFrom`, with what is only written down left to the caller. `who` may ask and do more in one. */
export const speakerOf = async (
  ctx: ServerContext,
  tx: Queryable,
  principal: Principal,
  clientId: string,
  report: Report,
  who: AskWho = askWho,
): Promise<Speaker> => {
  const now = ctx.clock.now();
  const asked = { clientId, runId: report.runId };
  const known = (await who(tx, asked)) ?? (await register(tx, principal, asked, now, who));
  if (known.principal !== principal.id) throw new SatchelError('client_of_other_user', { clientId });
  if (known.revoked !== null) throw new SatchelError('client_revoked', { clientId, action: known.revoked });
  if (report.runId !== undefined && known.run_seen === null) {
    await tx.query(
      `insert into satchel.runs (client_id, run_id, first_seen_at, last_heard_at) values ($1, $2, $3, $3)
       on conflict do nothing`,
      [clientId, report.runId, now],
      'clients_new_run',
    );
  }
  const note = async (): Promise<void> => {
    if (isNews(known, report, now)) await writeDown(tx, clientId, report, now);
    const runs = report.client === undefined ? visitOf(known, report, now) : (report.client.runs ?? []);
    if (runs.length > 0) await recordRuns(tx, clientId, runs, now);
  };
  return { newClient: known.overtaken, note };
};

/** What is known of a client and its run; `undefined` while it is not registered. */
export type AskWho = (
  tx: Queryable,
  asked: { readonly clientId: string; readonly runId: string | undefined },
) => Promise<KnownClient | undefined>;

export interface KnownClient {
  readonly principal: string;
  readonly revoked: 'lock' | 'wipe' | null;
  readonly last_heard_at: number;
  readonly device_name: string | null;
  readonly platform: string | null;
  readonly app_version: string | null;
  readonly pending: number;
  readonly failed: number;
  readonly quarantined: number;
  readonly last_upload_at: number | null;
  readonly last_download_at: number | null;
  readonly run_seen: number | null;
  readonly run_heard: number | null;
  readonly overtaken: boolean;
}

/**
 * Text of `askWho`; `$1` is the client, `$2` the run. A run counts as overtaken that is
 * spoken for again after a later one was opened. A late request of the run before, which
 * the network held back, makes that one look later: so a later run counts only if its id
 * (a UUIDv7) is the higher one, or if it went on speaking.
 */
export const WHO = `
  select c.principal, c.revoked, c.last_heard_at, c.device_name, c.platform, c.app_version, c.pending,
         c.failed, c.quarantined, c.last_upload_at, c.last_download_at, r.first_seen_at as run_seen,
         r.last_heard_at as run_heard,
         exists (select 1 from satchel.runs later
                  where later.client_id = c.client_id
                    and (later.first_seen_at, later.run_id) > (r.first_seen_at, r.run_id)
                    and (later.run_id > r.run_id or later.last_heard_at > later.first_seen_at)) as overtaken
    from satchel.clients c
    left join satchel.runs r on r.client_id = c.client_id and r.run_id = $2
   where c.client_id = $1`;

const askWho: AskWho = async (tx, { clientId, runId }) => {
  const { rows } = await tx.query<KnownClient>(WHO, [clientId, runId ?? null], 'clients_read');
  return rows[0];
};

const register = async (
  tx: Queryable,
  principal: Principal,
  asked: Parameters<AskWho>[1],
  now: number,
  who: AskWho,
): Promise<KnownClient> => {
  await tx.query(
    `insert into satchel.clients (client_id, principal, user_id, first_seen_at, last_heard_at)
     values ($1, $2, $3, $4, $4) on conflict do nothing`,
    [asked.clientId, principal.id, principal.userId, now],
    'clients_register',
  );
  const known = await who(tx, asked);
  // Registered by somebody whose transaction is not in our sight: it is there at the next try.
  if (known === undefined) throw new SatchelError('server_busy');
  return known;
};

/**
 * A device that tells nothing of itself (of a dialect) is seen to sync by its requests:
 * those within `HEARD_EVERY` of one another are one sync.
 */
const visitOf = (known: KnownClient, { direction }: Report, now: number): readonly RunReport[] =>
  direction === undefined || !(isLongAgo(known.last_heard_at, now) || known.last_heard_at === now)
    ? []
    : [{ startedAt: now, endedAt: now, trigger: VISIT, sent: 0, received: 0, rowsDown: 0, mutationsUp: 0 }];

const isLongAgo = (at: number | null, now: number): boolean =>
  at === null || Math.abs(now - at) >= HEARD_EVERY;

const isNews = (known: KnownClient, { client, direction }: Report, now: number): boolean =>
  isLongAgo(known.last_heard_at, now) ||
  known.last_heard_at === now ||
  (known.run_heard !== null && isLongAgo(known.run_heard, now)) ||
  (direction === 'up' && isLongAgo(known.last_upload_at, now)) ||
  (direction === 'down' && isLongAgo(known.last_download_at, now)) ||
  (client !== undefined &&
    ((client.pending ?? known.pending) !== known.pending ||
      (client.failed ?? known.failed) !== known.failed ||
      (client.quarantined ?? known.quarantined) !== known.quarantined ||
      (client.deviceName ?? known.device_name) !== known.device_name ||
      (client.platform ?? known.platform) !== known.platform ||
      (client.appVersion ?? known.app_version) !== known.app_version));

const writeDown = async (tx: Queryable, clientId: string, report: Report, now: number): Promise<void> => {
  const { client, sentAt, runId, direction } = report;
  await tx.query(
    `update satchel.clients
        set last_heard_at = greatest(last_heard_at, $2),
            device_name = coalesce($3, device_name),
            platform = coalesce($4, platform),
            app_version = coalesce($5, app_version),
            pending = coalesce($6, pending),
            clock_offset = coalesce($7, clock_offset),
            failed = coalesce($8, failed),
            quarantined = coalesce($9, quarantined),
            last_upload_at = case when $10 = 'up' then $2 else last_upload_at end,
            last_download_at = case when $10 = 'down' then $2 else last_download_at end
      where client_id = $1`,
    [
      clientId,
      now,
      client?.deviceName ?? null,
      client?.platform ?? null,
      client?.appVersion ?? null,
      client?.pending ?? null,
      sentAt === undefined ? null : now - sentAt,
      client?.failed ?? null,
      client?.quarantined ?? null,
      direction ?? null,
    ],
    'clients_heard',
  );
  if (runId !== undefined) {
    await tx.query(
      `update satchel.runs set last_heard_at = greatest(last_heard_at, $3)
        where client_id = $1 and run_id = $2`,
      [clientId, runId, now],
      'clients_run_heard',
    );
  }
};
