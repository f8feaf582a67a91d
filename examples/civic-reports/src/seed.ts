import type { InsertRow } from '@satchel/schema';
import type app from './app.ts';

type App = typeof app;

/** 19 October 2025, 09:00 in UTC. */
const MORNING = Date.UTC(2025, 9, 19, 9);
const HOUR = 3_600_000;

const SEEN: readonly (readonly [title: string, category: string, status: string])[] = [
  ['Pothole on Main Street', 'roads', 'received'],
  ['Street light is dark', 'lights', 'in_progress'],
  ['Water leaks at the corner', 'water', 'received'],
  ['Bin has not been emptied', 'waste', 'resolved'],
  ['Tree lies across the path', 'parks', 'in_progress'],
  ['Traffic sign is bent', 'roads', 'received'],
  ['Drain is blocked', 'water', 'received'],
  ['Bench is broken', 'parks', 'rejected'],
];

/** What a citizen and a neighbour reported, and an officer's tasks. The same on every machine. */
export const seed = {
  profiles: ['citizen', 'neighbour', 'officer'].map((id, at) => ({
    id,
    name: `${id[0]?.toUpperCase()}${id.slice(1)}`,
    language: at === 1 ? 'hi' : 'en',
  })) satisfies readonly InsertRow<App, 'profiles'>[],
  reports: SEEN.map(([title, category, status], at) => ({
    id: `report-${at + 1}`,
    reporterId: at % 3 === 2 ? 'neighbour' : 'citizen',
    title,
    description: `${title}. Seen on the way to work.`,
    category,
    latitude: 23.3441 + at * 0.0013,
    longitude: 85.3096 - at * 0.0017,
    status,
    createdAt: MORNING + at * HOUR,
  })) satisfies readonly InsertRow<App, 'reports'>[],
  tasks: SEEN.flatMap(([title, , status], at) =>
    status === 'in_progress'
      ? [
          {
            id: `task-${at + 1}`,
            reportId: `report-${at + 1}`,
            officerId: 'officer',
            title: `Look at: ${title}`,
            dueOn: '2025-10-24',
          },
        ]
      : [],
  ) satisfies readonly InsertRow<App, 'tasks'>[],
};
