import { compareHlc, type Hlc, hlcFromText, hlcToText } from '@satchel/core';
import { readMetaText, writeMeta } from '../database/meta.ts';
import type { EngineContext } from '../engine-context.ts';

/** The latest stamp that this device has made: its clock may have gone back since. */
export const lastStamp = ({ db, now }: EngineContext): Hlc => {
  const stamps = db
    .prepare(
      "select hlc from satchel_outbox where state = 'queued' and state <> 'settled' union all " +
        'select hlc from satchel_outbox where position = (select max(position) from satchel_outbox)',
    )
    .all()
    .map(({ hlc }) => hlcFromText(hlc as string));
  const kept = readMetaText(db, 'hlc');
  if (kept !== null) stamps.push(hlcFromText(kept));
  const none: Hlc = { millis: 0, counter: 0, nodeId: now.clientId };
  return stamps.reduce((latest, stamp) => (compareHlc(stamp, latest) > 0 ? stamp : latest), none);
};

/** Keeps the clock of the device's stamps beyond the outbox. */
export const keepStamp = ({ db, now }: EngineContext): void =>
  writeMeta(db, 'hlc', hlcToText({ ...now.hlc, nodeId: now.clientId }));

/**
 * The server has seen this database go on somewhere else: it is a copy, or an old
 * backup of itself (rule 24). New work gets a client id and a run of its own; what is in
 * the outbox keeps those under which it was made.
 */
export const becomeNewClient = (context: EngineContext): void => {
  const { db, ids, now } = context;
  now.clientId = ids.next();
  now.runId = ids.next();
  now.seq = 0;
  writeMeta(db, 'client', now.clientId);
  writeMeta(db, 'cloned', true);
};
