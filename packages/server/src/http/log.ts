import { type DestinationStream, pino } from 'pino';
import type { Log } from '../context.ts';
import { errorReport } from './error-report.ts';

export interface LogSettings {
  /** Default `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where lines go; default standard output. */
  readonly destination?: DestinationStream;
}

/**
 * Names whose values never reach a log line, at the top or one level down. The
 * server passes none of them; this is the net below.
 */
const SECRET = [
  'token',
  'authorization',
  'headers',
  'cookie',
  'secret',
  'password',
  'connectionString',
  'body',
  'raw',
  'values',
  'base',
  'before',
  'after',
  'row',
  'rows',
  'parameters',
];

/**
 * Structured lines (JSON, one a line) through pino: times in UTC milliseconds, no host
 * name. Errors under `err` or `error` are told as `errorReport` tells them.
 */
export const createLog = (settings: LogSettings = {}): Log => {
  const options = {
    level: settings.level ?? 'info',
    base: null,
    redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    serializers: { err: reportOf, error: reportOf },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = settings.destination === undefined ? pino(options) : pino(options, settings.destination);
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
};

const reportOf = (value: unknown): unknown => (value instanceof Error ? errorReport(value) : value);

/** A log that keeps nothing. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
