import { randomUUID } from 'node:crypto';
import type { Benchmark, Line } from '../benchmark.ts';
import { nowMs } from '../measure/statistics.ts';
import { makeTasks, type Task } from '../rows.ts';
import { type Speaker, type Speech, speakerOf } from '../work/dialect-side.ts';

const HERE = import.meta.url;
const CONNECTIONS = 4;
const CREATES = 10_000;
const BATCH = 500;
/** Rows of a page. */
const PAGE = 1_000;
const SPEECHES = ['native', 'tables', 'actions', 'mobile'] as const satisfies readonly Speech[];
const DIALECTS = SPEECHES.filter((speech) => speech !== 'native');

const target = { of: 'figure', atMost: 1.5 } as const;

/** What older clients pay for their contracts: the time of each beside the native protocol's, in the same round. */
export const dialects: Benchmark = {
  name: 'dialects',
  title: 'The dialects beside the native protocol',
  lines: [
    { name: 'native-push', what: `push of ${CREATES} creates, native`, unit: 's' },
    ...DIALECTS.map(
      (dialect): Line => ({
        name: `${dialect}-push`,
        what: `the same in ${dialect}, to native`,
        unit: 'times',
        target,
      }),
    ),
    { name: 'native-pull', what: 'pull of all rows, native', unit: 's' },
    ...DIALECTS.map(
      (dialect): Line => ({
        name: `${dialect}-pull`,
        what: `the same in ${dialect}, to native`,
        unit: 'times',
        target,
      }),
    ),
  ],
  async open(world) {
    const { rows } = world;
    const pulled = await world.stage(rows);
    const pushed = await world.stage(1_000);
    let round = 0;
    return async () => {
      round += 1;
      const push: Record<string, number> = {};
      const pull: Record<string, number> = {};
      // In turns, so that none has always the warmer server.
      const order = SPEECHES.map((_, at) => SPEECHES[(at + round) % SPEECHES.length]!);
      for (const speech of order) {
        const users = Array.from({ length: CONNECTIONS }, (_, at) => `${speech}-${round}-${at}`);
        const tokens = await Promise.all(users.map((user) => world.token(user)));
        const child = world.child();
        push[speech] = await child.call<number>(HERE, 'pushAll', speech, pushed.url, users, tokens);
        pull[speech] = await child.call<number>(
          HERE,
          'pullAll',
          speech,
          pulled.url,
          users[0],
          tokens[0],
          rows,
        );
        await child.end();
      }
      const { rows: counted } = await pushed.db.query<{ n: number }>(
        'select count(*)::int as n from public.tasks',
      );
      const expected = 1_000 + round * CREATES * SPEECHES.length;
      if (counted[0]?.n !== expected) throw new Error(`${counted[0]?.n} of ${expected} rows are there`);
      const figures: Record<string, number> = {
        'native-push': push.native! / 1_000,
        'native-pull': pull.native! / 1_000,
      };
      for (const dialect of DIALECTS) {
        figures[`${dialect}-push`] = push[dialect]! / push.native!;
        figures[`${dialect}-pull`] = pull[dialect]! / pull.native!;
      }
      return { figures };
    };
  },
};

/** In a process of its own: milliseconds. */
export const pushAll = async (
  speech: Speech,
  url: string,
  users: readonly string[],
  tokens: readonly string[],
): Promise<number> => {
  const speakers = tokens.map((token, at) => speakerOf(speech, url, users[at]!, token));
  const each = CREATES / CONNECTIONS;
  const work = speakers.map((speaker, at) => ({
    speaker,
    tasks: makeTasks(each, at).map((task): Task => ({ ...task, id: randomUUID() })),
  }));
  const start = nowMs();
  await Promise.all(work.map(({ speaker, tasks }) => pushInBatches(speaker, tasks)));
  const ms = nowMs() - start;
  for (const speaker of speakers) speaker.close();
  return ms;
};

const pushInBatches = async (speaker: Speaker, tasks: readonly Task[]): Promise<void> => {
  for (let at = 0; at < tasks.length; at += BATCH) await speaker.push(tasks.slice(at, at + BATCH));
};

/** In a process of its own: milliseconds until all rows are there. */
export const pullAll = async (
  speech: Speech,
  url: string,
  user: string,
  token: string,
  rows: number,
): Promise<number> => {
  const speaker = speakerOf(speech, url, user, token);
  const start = nowMs();
  const came = await speaker.pullAll(PAGE);
  const ms = nowMs() - start;
  speaker.close();
  if (came !== rows) throw new Error(`${came} of ${rows} rows came in ${speech}`);
  return ms;
};
