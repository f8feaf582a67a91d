import { InvariantError } from '@satchel/protocol';

/**
 * What of an error may stand in a log. Messages of PostgreSQL and of `JSON.parse`
 * quote the values that they stumbled over, so only the messages of errors that
 * cannot hold a row's contents are kept; the rest is told by code, names and stack.
 */
export interface ErrorReport {
  readonly name: string;
  readonly code?: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly routine?: string;
  readonly message?: string;
  readonly stack: readonly string[];
  readonly cause?: ErrorReport;
}

const MAX_FRAMES = 12;
const MAX_CAUSES = 4;

export const errorReport = (error: unknown, depth = 0): ErrorReport => {
  if (!(error instanceof Error)) return { name: typeof error, stack: [] };
  const message = safeMessage(error);
  return {
    name: error.name,
    ...textOf(error, 'code'),
    ...textOf(error, 'constraint'),
    ...textOf(error, 'table'),
    ...textOf(error, 'routine'),
    ...(message === undefined ? {} : { message }),
    stack: framesOf(error),
    ...(error.cause === undefined || depth >= MAX_CAUSES
      ? {}
      : { cause: errorReport(error.cause, depth + 1) }),
  };
};

const safeMessage = (error: Error): string | undefined => {
  const plain = error instanceof TypeError || error instanceof ReferenceError || 'syscall' in error;
  if (plain) return error.message;
  // `unreachable` quotes the value that it was given.
  return error instanceof InvariantError && !error.message.startsWith('unreachable')
    ? error.message
    : undefined;
};

const textOf = (error: Error, name: 'code' | 'constraint' | 'table' | 'routine'): Record<string, string> => {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? { [name]: value } : {};
};

const framesOf = (error: Error): string[] =>
  (error.stack ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, MAX_FRAMES);
