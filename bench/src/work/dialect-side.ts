import type { Task } from '../rows.ts';
import { WireClient } from './wire.ts';

/*
 * A client of the native protocol and one of each dialect, over one kept connection
 * each: they make requests, read the answers whole, and count rows.
 */

export type Speech = 'native' | 'tables' | 'actions' | 'mobile';

export interface Speaker {
  /** Each row a create of its own; throws unless all were taken. */
  push(tasks: readonly Task[]): Promise<void>;
  /** Everything, in pages of so many rows; how many rows came. */
  pullAll(pageRows: number): Promise<number>;
  close(): void;
}

export const speakerOf = (speech: Speech, url: string, user: string, token: string): Speaker => {
  const wire = new WireClient(url, token);
  const close = () => wire.close();
  switch (speech) {
    case 'native':
      return {
        push: (tasks) =>
          wire.push(
            tasks.map((task) => ({ table: 'tasks', key: task.id, values: task })),
            user,
          ),
        pullAll: async () => {
          await wire.pullAll();
          return wire.rows;
        },
        close,
      };
    case 'tables':
      return { ...tablesSpeaker(wire, user), close };
    case 'actions':
      return { ...actionsSpeaker(wire, user), close };
    case 'mobile':
      return { ...mobileSpeaker(wire, user), close };
  }
};

const ask = async <T>(wire: WireClient, path: string, body?: unknown): Promise<T> => {
  const answer = body === undefined ? await wire.get(path) : await wire.post(path, body);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
  return JSON.parse(answer.text) as T;
};

const fieldsOf = ({ id: _id, projectId, updatedAt, ...rest }: Task) => ({
  ...rest,
  project_id: projectId,
  updated_at: new Date(updatedAt).toISOString(),
});

const all = (taken: number, sent: number, answer: unknown): void => {
  if (taken !== sent)
    throw new Error(`${taken} of ${sent} were taken: ${JSON.stringify(answer).slice(0, 500)}`);
};

const tablesSpeaker = (wire: WireClient, device_id: string): Omit<Speaker, 'close'> => ({
  push: async (tasks) => {
    const answer = await ask<{ applied: { tasks: unknown[] } }>(wire, '/api/v1/sync/push', {
      device_id,
      changes: { tasks: tasks.map((task) => ({ id: task.id, ...fieldsOf(task) })) },
    });
    all(answer.applied.tasks.length, tasks.length, answer);
  },
  pullAll: async (limit) => {
    let rows = 0;
    let since: string | null = null;
    for (;;) {
      const page: { timestamp: string; has_more: boolean; changes: Record<string, unknown[]> } = await ask(
        wire,
        '/api/v1/sync/pull',
        { device_id, last_sync_timestamp: since, limit },
      );
      rows += page.changes.tasks?.length ?? 0;
      since = page.timestamp;
      if (!page.has_more) return rows;
    }
  },
});

const actionsSpeaker = (wire: WireClient, device_id: string): Omit<Speaker, 'close'> => ({
  push: async (tasks) => {
    const answer = await ask<{ results: { status: string }[] }>(wire, '/api/v1/sync/upload', {
      device_id,
      actions: tasks.map((task) => ({
        client_id: task.id,
        action_type: 'create_task',
        entity_type: 'task',
        timestamp: new Date(task.updatedAt).toISOString(),
        data: fieldsOf(task),
      })),
    });
    all(answer.results.filter(({ status }) => status === 'success').length, tasks.length, answer);
  },
  pullAll: async (limit) => {
    let rows = 0;
    let since = '';
    for (;;) {
      const page: { sync_timestamp: string; has_more: boolean; data: Record<string, unknown[]> } = await ask(
        wire,
        `/api/v1/sync/download?device_id=${device_id}&limit=${limit}${since === '' ? '' : `&since=${since}`}`,
      );
      rows += page.data.tasks?.length ?? 0;
      since = page.sync_timestamp;
      if (!page.has_more) return rows;
    }
  },
});

const mobileSpeaker = (wire: WireClient, device_id: string): Omit<Speaker, 'close'> => ({
  push: async (tasks) => {
    const answer = await ask<{ results: { status: string }[] }>(wire, '/api/v1/mobile/sync/push', {
      device_id,
      items: tasks.map((task) => ({
        client_temp_id: task.id,
        resource_type: 'task',
        action: 'create',
        payload: fieldsOf(task),
        client_version: 1,
      })),
    });
    all(answer.results.filter(({ status }) => status === 'ok').length, tasks.length, answer);
  },
  pullAll: async (limit) => {
    let rows = 0;
    let token: string | null = null;
    for (;;) {
      const page: { next_token: string; has_more: boolean; changes: { resource_type: string }[] } = await ask(
        wire,
        '/api/v1/mobile/sync/pull',
        { device_id, since_token: token, limit },
      );
      rows += page.changes.filter(({ resource_type }) => resource_type === 'task').length;
      token = page.next_token;
      if (!page.has_more) return rows;
    }
  },
});
