import type { Problem } from './outcome.ts';
import type { Json } from './value.ts';

/**
 * When the same request may be tried again.
 * - `never`: it will fail the same way until somebody changes something.
 * - `later`: after a back-off (or `Retry-After`).
 * - `after-auth`: with a new token.
 * - `after-pull`: after the client has pulled.
 */
export type Retry = 'never' | 'later' | 'after-auth' | 'after-pull';

/** One entry of the catalogue. `{name}` in `template` and `remedy` stands for a parameter. */
export interface ErrorEntry {
  /** HTTP status where it answers a request; 0 where it only occurs on a device or in a tool. */
  readonly status: number;
  readonly template: string;
  /** What to do next, in plain words. */
  readonly remedy: string;
  readonly retry: Retry;
}

const entry = (status: number, retry: Retry, template: string, remedy: string): ErrorEntry => ({
  status,
  retry,
  template,
  remedy,
});

/**
 * Every error that Satchel can give, by its stable code. This table is the
 * documentation: the text of an error is made from it where it is shown. Codes are
 * never renamed; a code that is no longer given stays in the table.
 */
export const ERRORS = {
  // Values
  text_invalid: entry(
    422,
    'never',
    '{table}.{column} of {key}: the text holds a NUL or a lone surrogate.',
    'Remove the character and save again.',
  ),
  text_too_long: entry(
    422,
    'never',
    '{table}.{column} of {key}: {bytes} bytes of text, the limit is {limit}.',
    'Shorten the text, or store it as media.',
  ),
  integer_out_of_range: entry(
    422,
    'never',
    '{table}.{column} of {key}: the integer is outside 2^53-1 either way.',
    'Declare the column bigint() to hold larger numbers.',
  ),
  number_not_finite: entry(
    422,
    'never',
    '{table}.{column} of {key}: the number is not finite.',
    'Write null where there is no number.',
  ),
  value_type: entry(
    422,
    'never',
    '{table}.{column} of {key}: expected {expected}, found {found}.',
    'Write a value of the type that the column has.',
  ),
  value_required: entry(
    422,
    'never',
    '{table}.{column} of {key} may not be null.',
    'Give the column a value.',
  ),
  date_invalid: entry(
    422,
    'never',
    '{table}.{column} of {key}: not a date between 0001-01-01 and 9999-12-31.',
    'Write the date as YYYY-MM-DD.',
  ),
  timestamp_out_of_range: entry(
    422,
    'never',
    '{table}.{column} of {key}: the time lies outside the years 0001 to 9999.',
    'Write UTC milliseconds within that range.',
  ),
  value_read_only: entry(
    422,
    'never',
    '{table}.{column} of {key} is given by the server.',
    'Leave the column out.',
  ),
  validator_failed: entry(
    422,
    'never',
    '{table}.{column} of {key}: {reason}.',
    'Change the value as the app asks.',
  ),
  key_invalid: entry(
    422,
    'never',
    '{table}: the key {key} is not of the form {expected}.',
    'Write a key of the form that the table has.',
  ),
  key_changed: entry(
    422,
    'never',
    '{table}: the key of a row may not be changed ({key}).',
    'Delete the row and insert another.',
  ),
  counter_overflow: entry(
    422,
    'never',
    '{table}.{column} of {key}: the sum leaves the range of integers.',
    'Correct the counter by a smaller step.',
  ),
  // Mutations
  table_unknown: entry(
    400,
    'never',
    'There is no synced table {table}.',
    'Check the name, or send the app definition that has it.',
  ),
  column_unknown: entry(
    422,
    'never',
    '{table} has no column {column}.',
    'Check the name, or send the app definition that has it.',
  ),
  row_missing: entry(
    422,
    'never',
    '{table}: there is no row {key} to change.',
    'Insert the row again if it should exist.',
  ),
  row_exists: entry(
    409,
    'never',
    '{table}: another row already has the key {key}.',
    'Edit that row, or insert with another key.',
  ),
  unique_taken: entry(
    409,
    'never',
    '{table}: the value of {columns} is already that of row {holder}.',
    'Choose another value, or edit the row that has it.',
  ),
  reference_missing: entry(
    409,
    'never',
    '{table}.{column} of {key} refers to {parentTable} {parentKey}, which does not exist.',
    'Choose another row to refer to.',
  ),
  reference_restricted: entry(
    409,
    'never',
    '{table} {key} cannot go: rows of {childTable} refer to it.',
    'Remove or move those rows first.',
  ),
  check_failed: entry(
    422,
    'never',
    '{table} {key} breaks the rule {constraint} of the database.',
    'Change the values so that the rule holds.',
  ),
  scope_denied: entry(
    403,
    'never',
    '{table} {key} is outside what you may change.',
    'Ask for access to it, or export the change.',
  ),
  scope_left: entry(
    403,
    'never',
    '{table} {key} is no longer yours; your unsent change is kept in quarantine.',
    'Export the change, or ask for access again.',
  ),
  op_denied: entry(403, 'never', 'Your role may not {op} rows of {table}.', 'Ask somebody whose role may.'),
  column_denied: entry(
    403,
    'never',
    'Your role may not write {table}.{column}.',
    'Leave the column as it is.',
  ),
  channel_denied: entry(403, 'never', '{table} may not be changed by {channel}.', 'Use another way in.'),
  conflict_rejected: entry(
    409,
    'never',
    '{table} {key} was changed meanwhile and its policy refuses both.',
    'Look at the newest values and edit again.',
  ),
  held_expired: entry(
    409,
    'never',
    '{table} {key} waited {days} days for {parentTable} {parentKey}, which never came.',
    'Insert what it refers to and try again.',
  ),
  parent_awaited: entry(
    0,
    'later',
    '{table} {key} waits for {parentTable} {parentKey}, which is not there yet.',
    'It is kept and applied when that row comes; send the same again to learn what became of it.',
  ),
  item_reused: entry(
    0,
    'never',
    '{name} was sent before under the version {version}, with other content.',
    'Raise its version with each edit, or give a new action an id of its own.',
  ),
  mutation_too_large: entry(
    413,
    'never',
    'One transaction of {changes} changes and {bytes} bytes; the limit is {maxChanges} and {maxBytes}.',
    'Split the work into several transactions.',
  ),
  id_reused: entry(
    409,
    'never',
    'The mutation id {mutationId} was used before with other content.',
    'Make a new mutation; never write under an old id.',
  ),
  author_mismatch: entry(
    403,
    'never',
    'The mutation was written by another user than the token names.',
    'Send it with a token of its author.',
  ),
  schema_unknown: entry(
    409,
    'never',
    'Schema version {schemaVersion} is older than this server can lift.',
    'Update the app; what is waiting stays on the device.',
  ),
  schema_ahead: entry(
    409,
    'later',
    'This app has schema version {schemaVersion}, the server has {serverVersion}.',
    'Nothing is lost: sending goes on when the server is updated.',
  ),
  lift_failed: entry(
    422,
    'never',
    'A change of {table} {key} could not be carried over to schema version {schemaVersion}.',
    'Export the change and enter it again.',
  ),
  offer_stale: entry(
    409,
    'never',
    '{table} {key} was written again after the restore.',
    'Nothing: the newer value stays.',
  ),
  review_expired: entry(
    409,
    'never',
    'Nobody decided about {table} {key} in time.',
    'Look at the values and edit again.',
  ),
  // Requests
  request_invalid: entry(
    400,
    'never',
    'The request is not of the protocol: {path}: {reason}.',
    'Update the app.',
  ),
  body_not_json: entry(400, 'never', 'The body is not JSON.', 'Send the body whole, as JSON.'),
  body_encoding: entry(400, 'later', 'The body could not be decompressed.', 'Send it again.'),
  body_too_large: entry(413, 'never', 'The body has more than {limit} bytes.', 'Send smaller batches.'),
  batch_too_large: entry(
    413,
    'never',
    'The batch holds {mutations} mutations, the limit is {limit}.',
    'Send smaller batches.',
  ),
  media_type: entry(415, 'never', 'Expected application/json.', 'Set the content type.'),
  protocol_too_old: entry(
    426,
    'never',
    'Protocol version {protocolVersion} is below the floor {floor}.',
    'Update the app; what is waiting stays on the device.',
  ),
  protocol_too_new: entry(
    409,
    'later',
    'Protocol version {protocolVersion} is newer than the server, which has {serverVersion}.',
    'Nothing is lost: sync goes on when the server is updated.',
  ),
  cursor_invalid: entry(400, 'after-pull', 'The cursor is not one of this server.', 'Pull without a cursor.'),
  filter_invalid: entry(
    400,
    'never',
    'The filter on {table}.{column} cannot be used.',
    'Filter on columns that you may read.',
  ),
  scopes_too_many: entry(
    403,
    'never',
    'Your rights name more than {limit} scopes.',
    'Ask an administrator to give you fewer.',
  ),
  not_found: entry(404, 'never', 'There is nothing here.', 'Check the address.'),
  method_not_allowed: entry(405, 'never', 'This address does not take {method}.', 'Check the method.'),
  conflict_unknown: entry(
    404,
    'never',
    'There is no conflict {conflictId} that you may see.',
    'List the conflicts again.',
  ),
  conflict_settled: entry(
    409,
    'never',
    'The conflict {conflictId} is already settled.',
    'Undo the decision to change it.',
  ),
  conflict_undo_blocked: entry(
    409,
    'never',
    'The decision on {conflictId} cannot be undone: the row was changed since.',
    'Edit the row itself.',
  ),
  batch_unknown: entry(404, 'never', 'There is no batch {batchId}.', 'Check the id.'),
  client_unknown: entry(404, 'never', 'There is no client {clientId}.', 'List the clients again.'),
  // Rights
  auth_missing: entry(401, 'after-auth', 'No token was sent.', 'Sign in.'),
  auth_invalid: entry(401, 'after-auth', 'The token is not valid.', 'Sign in again.'),
  auth_expired: entry(
    401,
    'after-auth',
    'The token has expired.',
    'Sign in again; what is waiting stays on the device.',
  ),
  client_revoked: entry(
    401,
    'never',
    'This device was locked by an administrator.',
    'Ask an administrator to let it in again.',
  ),
  client_of_other_user: entry(
    403,
    'never',
    'The client {clientId} belongs to another user.',
    'Open the database of the signed-in user.',
  ),
  not_administrator: entry(403, 'never', 'Only administrators may do this.', 'Ask an administrator.'),
  origin_denied: entry(
    403,
    'never',
    'This web origin is not allowed.',
    'Add it to the allowed origins of the server.',
  ),
  // Server state
  rate_limited: entry(429, 'later', 'Too many requests.', 'Wait {retryAfter} seconds.'),
  server_busy: entry(503, 'later', 'The server is busy.', 'Nothing: it is tried again.'),
  auth_unavailable: entry(
    503,
    'later',
    'The keys of the token issuer could not be fetched.',
    'Nothing: it is tried again.',
  ),
  server_stopping: entry(503, 'later', 'The server is restarting.', 'Nothing: it is tried again.'),
  database_unavailable: entry(503, 'later', 'The database does not answer.', 'Nothing: it is tried again.'),
  server_error: entry(
    500,
    'later',
    'Something went wrong on the server ({requestId}).',
    'It is tried again; if it stays, give this number to support.',
  ),
  // Network, as the client sees it
  network_unreachable: entry(
    0,
    'later',
    'The server cannot be reached.',
    'Nothing: it is tried again when there is a network.',
  ),
  network_timeout: entry(0, 'later', 'The server did not answer in {ms} ms.', 'Nothing: it is tried again.'),
  network_intercepted: entry(
    0,
    'later',
    'Something between here and the server answered in its place.',
    'Sign in to the network, or use another.',
  ),
  answer_invalid: entry(
    0,
    'later',
    'The answer of the server could not be read.',
    'It is tried again; update the app if it stays.',
  ),
  // The device
  database_in_use: entry(
    0,
    'later',
    'Another process has this database open ({path}).',
    'Close the other one first.',
  ),
  database_corrupt: entry(
    0,
    'never',
    'The database on this device is damaged ({detail}).',
    'Export what is waiting, then clear and copy anew.',
  ),
  database_closed: entry(0, 'never', 'The database is closed.', 'Open it again.'),
  storage_full: entry(
    0,
    'later',
    'The device has no room left.',
    'Free some space; nothing that was saved is lost.',
  ),
  leader_silent: entry(
    0,
    'later',
    'The tab that holds the database does not answer.',
    'Wake or close the other tab; what was saved meanwhile is kept.',
  ),
  storage_unavailable: entry(
    0,
    'never',
    'The device refuses storage ({detail}).',
    'Leave private browsing, or allow storage.',
  ),
  interactive_transaction: entry(
    0,
    'never',
    'Transactions across calls are not possible.',
    'Use db.write([queries]) or db.run(name, args).',
  ),
  statement_refused: entry(
    0,
    'never',
    'This statement may not be run here: {reason}.',
    'Change rows through insert, update and delete, and synced tables through defineApp.',
  ),
  sql_failed: entry(0, 'never', 'SQLite refused the statement: {detail}.', 'Correct the statement.'),
  trigger_unknown: entry(
    0,
    'never',
    'The trigger {trigger} on {table} was not declared in defineApp.',
    'Declare it, so that it stays silent when server rows arrive.',
  ),
  function_unknown: entry(0, 'never', 'The app has no function {name}.', 'Declare it in defineApp.'),
  function_async: entry(
    0,
    'never',
    'The function {name} returned a promise.',
    'Functions run at once beside the database: make it synchronous.',
  ),
  quarantine_unknown: entry(
    0,
    'never',
    'There is no quarantined mutation {mutationId}.',
    'List the quarantine again.',
  ),
  mutation_unknown: entry(0, 'never', 'There is no mutation {mutationId}.', 'List the outbox again.'),
  pending_work: entry(
    0,
    'never',
    'Changes that are not on the server yet: {pending}.',
    'Upload them first, keep them for this user, or export and discard them.',
  ),
  // App definition
  app_invalid: entry(0, 'never', '{where}: {mistake}.', '{remedy}'),
  // Tools and operation
  config_invalid: entry(0, 'never', 'The setting {name} cannot be used: {reason}.', 'Correct the setting.'),
  production_refused: entry(
    0,
    'never',
    '{what} is a development helper and refuses to run in production.',
    'Use your own issuer of tokens, or unset NODE_ENV=production.',
  ),
  postgres_missing: entry(
    0,
    'never',
    'No PostgreSQL was found for {platform}.',
    'Set DATABASE_URL, or install PostgreSQL 15 or later.',
  ),
  postgres_too_old: entry(0, 'never', 'PostgreSQL {version} is too old.', 'Use PostgreSQL 15 or later.'),
  postgres_start_failed: entry(0, 'never', 'PostgreSQL did not start: {detail}.', 'Look at the log {log}.'),
  postgres_data_version: entry(
    0,
    'never',
    'The data folder {dataDir} was written by PostgreSQL {found}; the one at hand is {expected}.',
    'Run PostgreSQL {found}, or dump the data with it and restore into an empty folder.',
  ),
  migration_changed: entry(
    0,
    'never',
    'The migration {name} is not the one that ran on this database.',
    'Run the version of Satchel that ran it; never edit a migration that was released.',
  ),
  database_behind: entry(
    0,
    'never',
    'The database lacks {what}.',
    'Run satchel migrate, or start the server without the setting that keeps it from doing so.',
  ),
  database_ahead: entry(
    0,
    'never',
    'The database has {what}, which this version of Satchel does not know.',
    'Run the newer version.',
  ),
  migration_conflict: entry(
    0,
    'never',
    'The table {table} in PostgreSQL does not fit the app: {detail}.',
    '{remedy}',
  ),
  adopt_unfit: entry(0, 'never', 'The table {table} cannot be adopted: {detail}.', '{remedy}'),
  file_missing: entry(0, 'never', 'There is no file {path}.', 'Check the path.'),
  file_exists: entry(0, 'never', 'There is a file {path} already.', 'Go on with it, or move it away first.'),
  usage: entry(0, 'never', '{detail}.', 'See satchel --help.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

/** Fills `{name}` in a template; a parameter that is not given stays visible as `{name}`. */
export const fillTemplate = (template: string, params: Readonly<Record<string, Json>>): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'string' ? value : JSON.stringify(value);
  });

/**
 * The one error that Satchel throws for what can be expected to go wrong. Decide by
 * `code`, never by `message`.
 *
 * @example
 * ```ts
 * const error = new SatchelError('table_unknown', { table: 'sails' });
 * error.code; // 'table_unknown'
 * error.message; // 'There is no synced table sails. Check the name, or send the app definition that has it.'
 * error.retry; // 'never'
 * ```
 */
export class SatchelError extends Error {
  readonly code: ErrorCode;
  readonly params: Readonly<Record<string, Json>>;

  constructor(code: ErrorCode, params: Readonly<Record<string, Json>> = {}, options?: { cause?: unknown }) {
    const { template, remedy } = ERRORS[code];
    super(`${fillTemplate(template, params)} ${fillTemplate(remedy, params)}`, options);
    this.name = 'SatchelError';
    this.code = code;
    this.params = params;
  }

  get retry(): Retry {
    return ERRORS[this.code].retry;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** The error as data, for the wire and for the outbox. */
  toProblem(): Problem {
    return { code: this.code, params: { ...this.params } };
  }
}

/** A broken invariant of Satchel itself: our bug, never the caller's. */
export class InvariantError extends Error {
  override name = 'InvariantError';
}

/** Throws `InvariantError` unless the condition holds. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new InvariantError(what);
}

/** The end of an exhaustive switch: the compiler refuses a case that was forgotten. */
export const unreachable = (never: never): never => {
  throw new InvariantError(`unreachable: ${JSON.stringify(never)}`);
};
