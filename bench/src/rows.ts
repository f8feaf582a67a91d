import type { Random } from '@satchel/core';
import { seededRandom } from '@satchel/testing/random';
import { PROJECTS } from './bench-app.ts';

/** A row of `tasks`. About 300 bytes as JSON, about 100 of them after gzip. */
export interface Task {
  readonly id: string;
  readonly projectId: string;
  readonly title: string;
  readonly body: string;
  readonly done: boolean;
  readonly priority: number;
  /** UTC milliseconds. */
  readonly updatedAt: number;
}

const SYLLABLES = [
  'ba',
  'co',
  'di',
  'fer',
  'gu',
  'hol',
  'ka',
  'lin',
  'mo',
  'nes',
  'pra',
  'sto',
  'tur',
  'ven',
];
const VOCABULARY = 4000;
/** Words of a body. */
const BODY_WORDS = 19;
const START = Date.UTC(2026, 0, 1);

/** The same rows for the same seed, on every machine. */
export const makeTasks = (count: number, seed = 1): Task[] => {
  const random = seededRandom(seed);
  const words = vocabulary(seededRandom(7));
  const pick = (): string => words[Math.floor(random.next() * words.length)]!;
  const sentence = (length: number): string => Array.from({ length }, pick).join(' ');
  return Array.from({ length: count }, (_, at): Task => {
    const updatedAt = START + at * 1_000 + Math.floor(random.next() * 1_000);
    return {
      id: uuid(updatedAt, random),
      projectId: `p${at % PROJECTS}`,
      title: sentence(3),
      body: sentence(BODY_WORDS),
      done: random.next() < 0.3,
      priority: Math.floor(random.next() * 5),
      updatedAt,
    };
  });
};

const vocabulary = (random: Random): string[] =>
  Array.from({ length: VOCABULARY }, () =>
    Array.from(
      { length: 2 + Math.floor(random.next() * 2) },
      () => SYLLABLES[Math.floor(random.next() * SYLLABLES.length)]!,
    ).join(''),
  );

/** UUIDv7 of a given time, from the seeded source. */
const uuid = (millis: number, random: Random): string => {
  const bytes = random.bytes(16);
  for (let at = 0; at < 6; at++) bytes[at] = Math.floor(millis / 2 ** (8 * (5 - at))) & 255;
  bytes[6] = (bytes[6]! & 15) | 0x70;
  bytes[8] = (bytes[8]! & 63) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** Columns in the order in which `taskParameters` gives them. */
export const TASK_COLUMNS = ['id', 'project_id', 'title', 'body', 'done', 'priority', 'updated_at'] as const;

export const INSERT_TASK = `insert into tasks (${TASK_COLUMNS.join(', ')}) values (?, ?, ?, ?, ?, ?, ?)`;

/** A row as SQLite takes it. */
export const taskParameters = (task: Task): (string | number)[] => [
  task.id,
  task.projectId,
  task.title,
  task.body,
  task.done ? 1 : 0,
  task.priority,
  task.updatedAt,
];
