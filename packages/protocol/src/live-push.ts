import * as z from 'zod/mini';
import { uuidSchema, versionSchema } from './identifiers.ts';
import { changeSchema, type Mutation, mutationSchema } from './mutation.ts';
import type { PushAnswer } from './outcome.ts';
import { PROTOCOL_VERSION } from './protocol-version.ts';
import { clientReportSchema, type PushRequest, type PushResponse } from './push.ts';

/**
 * A push over a live connection: what the connection has said already is left out. It is
 * the same request as by HTTP, kept and answered alike, and may be sent again either way.
 */

/** As a mutation. Author and schema version absent: those of the session. `hlc` without its node: the client's. */
const liveMutationSchema = z.strictObject({
  mutationId: uuidSchema,
  seq: mutationSchema.shape.seq,
  hlc: z.string().check(z.regex(/^\d{1,16}:\d{1,5}(:[0-9a-zA-Z_-]{1,64})?$/)),
  author: z.optional(mutationSchema.shape.author),
  schemaVersion: z.optional(mutationSchema.shape.schemaVersion),
  origin: mutationSchema.shape.origin,
  name: mutationSchema.shape.name,
  offer: mutationSchema.shape.offer,
  changes: z.array(changeSchema).check(z.minLength(1)),
});

export const livePushSchema = z.strictObject({
  batchId: uuidSchema,
  /** Absent: as in the last push of the connection. */
  runId: z.optional(uuidSchema),
  /** As in a mutation. */
  sentAt: liveMutationSchema.shape.hlc,
  /** Absent: as in the last push of the connection that had one. */
  client: z.optional(clientReportSchema),
  renamedFrom: z.optional(z.number().check(z.int())),
  outstandingFrom: z.optional(z.number().check(z.int(), z.positive())),
  mutations: z.array(liveMutationSchema).check(z.minLength(1)),
});
export type LivePush = z.infer<typeof livePushSchema>;

/** What both ends of a live connection know, beside hello. */
export interface LivePushSession {
  readonly clientId: string;
  readonly userId: string;
  readonly schemaVersion: number;
  /** Of the last push; the client's report as JSON text. */
  runId?: string;
  client?: string;
}

/** Leaves out what the session knows; `null` where the request is of another client. */
export const packPush = (session: LivePushSession, request: PushRequest): LivePush | null => {
  const { protocolVersion: _, schemaVersion, clientId, runId, client, sentAt, mutations, ...rest } = request;
  if (clientId !== session.clientId || schemaVersion !== session.schemaVersion) return null;
  const report = client && JSON.stringify(client);
  const packed: LivePush = {
    ...rest,
    ...(runId === session.runId ? {} : { runId }),
    ...(report === undefined || report === session.client ? {} : { client }),
    sentAt: withoutNode(sentAt, clientId),
    mutations: mutations.map(({ author, schemaVersion: written, hlc, ...mutation }) => ({
      ...mutation,
      hlc: withoutNode(hlc, clientId),
      ...(author === session.userId ? {} : { author }),
      ...(written === session.schemaVersion ? {} : { schemaVersion: written }),
    })),
  };
  session.runId = runId;
  if (report !== undefined) session.client = report;
  return packed;
};

/** The whole request; `null` where it leaves out what was never said. */
export const unpackPush = (session: LivePushSession, push: LivePush): PushRequest | null => {
  const { clientId, userId, schemaVersion } = session;
  const { runId = session.runId, client, sentAt, mutations, ...rest } = push;
  if (runId === undefined) return null;
  session.runId = runId;
  if (client) session.client = JSON.stringify(client);
  return {
    protocolVersion: PROTOCOL_VERSION,
    schemaVersion,
    ...rest,
    clientId,
    runId,
    sentAt: withNode(sentAt, clientId),
    ...(session.client === undefined ? {} : { client: JSON.parse(session.client) as PushRequest['client'] }),
    // In the order in which a device writes them: what is kept of the push is its payload to the letter.
    mutations: mutations.map(
      ({ mutationId, seq, hlc, author, schemaVersion: written, name, changes, ...more }): Mutation => ({
        mutationId,
        seq,
        hlc: withNode(hlc, clientId),
        author: author ?? userId,
        schemaVersion: written ?? schemaVersion,
        ...(name === undefined ? {} : { name }),
        changes,
        ...more,
      }),
    ),
  };
};

const withoutNode = (hlc: string, clientId: string): string =>
  hlc.endsWith(`:${clientId}`) ? hlc.slice(0, -clientId.length - 1) : hlc;

const withNode = (hlc: string, clientId: string): string =>
  hlc.split(':').length === 2 ? `${hlc}:${clientId}` : hlc;

/** Of each mutation, in order, the versions of its changes: where all was applied as it was sent. */
export const liveVersionsSchema = z.array(z.array(versionSchema));

/** The versions that say all of the answers, or `null` where there is more to say. */
export const packAnswers = (
  request: Pick<PushRequest, 'mutations'>,
  { answers, newClient }: Pick<PushResponse, 'answers' | 'newClient'>,
): number[][] | null => {
  if (newClient || answers.length !== request.mutations.length) return null;
  const versions: number[][] = [];
  for (const [index, mutation] of request.mutations.entries()) {
    const told = plainVersions(mutation, answers[index]!);
    if (told === null) return null;
    versions.push(told);
  }
  return versions;
};

const plainVersions = (mutation: Mutation, answer: PushAnswer): number[] | null => {
  if (answer.kind !== 'outcome') return null;
  const versions = answer.outcome.changes.map(({ version }) => version ?? -1);
  const plain = versions.length === mutation.changes.length ? plainAnswer(mutation, versions) : null;
  return plain && JSON.stringify(plain) === JSON.stringify(answer) ? versions : null;
};

const plainAnswer = (mutation: Mutation, versions: readonly number[]): PushAnswer => ({
  kind: 'outcome',
  outcome: {
    mutationId: mutation.mutationId,
    outcome: 'applied',
    changes: mutation.changes.map(({ table, key }, index) => ({
      table,
      key,
      outcome: 'applied',
      version: versions[index]!,
    })),
  },
});

/** The answers that the versions stand for; `null` where they are not of this request. */
export const unpackAnswers = (
  request: Pick<PushRequest, 'mutations'>,
  versions: readonly (readonly number[])[],
): PushAnswer[] | null => {
  if (versions.length !== request.mutations.length) return null;
  const answers: PushAnswer[] = [];
  for (const [index, mutation] of request.mutations.entries()) {
    const own = versions[index]!;
    if (own.length !== mutation.changes.length) return null;
    answers.push(plainAnswer(mutation, own));
  }
  return answers;
};
