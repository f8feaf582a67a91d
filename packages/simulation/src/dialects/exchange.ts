import { Lost } from './dialect-device.ts';
import type { Weather } from './field-device.ts';

/** One request over real HTTP, in the weather: lost on its way, its answer lost, or sent twice at once. */
export const exchange = async <T>(
  server: { readonly url: string; readonly token: string },
  weather: Weather,
  path: string,
  body?: unknown,
): Promise<T> => {
  const ask = async (): Promise<T> => {
    const answer = await fetch(`${server.url}${path}`, {
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  };
  switch (weather) {
    case 'fair':
      return await ask();
    case 'request-lost':
      throw new Lost();
    case 'answer-lost':
      await ask();
      throw new Lost();
    case 'twice': {
      const [answer] = await Promise.all([ask(), ask()]);
      return answer;
    }
  }
};
