import type { CallMessage, ReplyMessage } from './child-message.ts';
import { ownUsage } from './measure/usage.ts';

/*
 * A process of a benchmark: it runs functions of the modules that its parent names, so
 * that what is measured shares no thread, heap or collector with anything else.
 */

const reply = (message: ReplyMessage): void => {
  process.send?.(message);
};

const perform = async ({ module, name, args }: CallMessage): Promise<unknown> => {
  if (module === null) return ownUsage();
  const functions = (await import(module)) as Record<string, (...given: readonly unknown[]) => unknown>;
  const wanted = functions[name];
  if (!wanted) throw new Error(`${module} has no function ${name}`);
  return wanted(...args);
};

process.on('message', (call: CallMessage) => {
  perform(call).then(
    (result) => reply({ id: call.id, kind: 'done', result }),
    (error) =>
      reply({
        id: call.id,
        kind: 'failed',
        reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  );
});
// Who has no parent any more has nobody to measure for. Exit in order: a profile is written then.
process.on('disconnect', () => process.exit(0));
