import type { App } from '@satchel/schema';
import type { FieldDevice } from './field.ts';

/** Waits until something holds on a device, looking again after each change of its status. */
export const until = async <A extends App>(
  { db }: Pick<FieldDevice<A>, 'db'>,
  what: string,
  holds: () => boolean | Promise<boolean>,
  within = 20_000,
): Promise<void> => {
  const deadline = performance.now() + within;
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${within} ms; status ${JSON.stringify(await db.status())}`);
    await new Promise<void>((next) => {
      const timer = setTimeout(() => {
        end();
        next();
      }, 20);
      let isFirst = true;
      const end = db.onStatus(() => {
        if (isFirst) {
          isFirst = false;
          return;
        }
        clearTimeout(timer);
        queueMicrotask(() => end());
        next();
      });
    });
  }
};
