import { ERRORS, fillTemplate, isErrorCode, type Problem } from '@satchel/protocol';

/** What this program's own faults are told as; they are in no catalogue. */
const CRASH_REMEDY = 'This is a fault of Satchel: report it with the text above.';

/**
 * An error as a person reads it (what happened, what to do next), or as one JSON value.
 *
 * @param command Of which help is recommended where its words were wrong.
 */
export const renderError = (error: unknown, command: string | undefined, json: boolean): string => {
  const problem = problemOf(error);
  if (!problem) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return json
      ? `${JSON.stringify({ error: { code: 'crash', params: {}, message: text, remedy: CRASH_REMEDY } })}\n`
      : `error: ${text}\n  -> ${CRASH_REMEDY}\n`;
  }
  const { code, params } = problem;
  const message = fillTemplate(ERRORS[code].template, params);
  const remedy =
    code === 'usage' && command !== undefined
      ? `See satchel ${command} --help.`
      : fillTemplate(ERRORS[code].remedy, params);
  return json
    ? `${JSON.stringify({ error: { code, params, message, remedy } })}\n`
    : `error: ${message} (${code})\n  -> ${remedy}\n`;
};

/** By its form: an app may bring a copy of Satchel of its own, with a class of its own. */
export const problemOf = (error: unknown): (Problem & { readonly code: keyof typeof ERRORS }) | undefined => {
  if (!(error instanceof Error) || error.name !== 'SatchelError') return undefined;
  const { code, params } = error as Error & Partial<Problem>;
  if (code === undefined || !isErrorCode(code)) return undefined;
  return { code, params: params ?? {} };
};
