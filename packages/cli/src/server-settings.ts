import { SatchelError } from '@satchel/protocol';
import type { AuthSettings, ServerOptions } from '@satchel/server';
import { type Given, textOption } from './command.ts';
import { DEFAULT_PORT } from './server-address.ts';

export const listenOptions = { port: { type: 'string' }, host: { type: 'string' } } as const;
export const listenHelp = {
  port: `port to listen on (or PORT); default ${DEFAULT_PORT}`,
  host: 'address to listen on (or HOST); default 127.0.0.1',
};

export const listenOn = (given: Given): { readonly port: number; readonly host: string } => {
  const text = textOption(given, 'port') ?? given.environment.PORT ?? String(DEFAULT_PORT);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new SatchelError('config_invalid', { name: 'port', reason: `${text} is not a port` });
  return { port, host: textOption(given, 'host') ?? given.environment.HOST ?? '127.0.0.1' };
};

/** Keys, issuer and audience of tokens, from the environment: secrets do not belong on a command line. */
export const authSettings = (environment: Given['environment']): AuthSettings => {
  const {
    SATCHEL_SECRET: secret,
    SATCHEL_JWKS: jwks,
    SATCHEL_ISSUER: issuer,
    SATCHEL_AUDIENCE: audience,
  } = environment;
  const keys = keysOf(secret, jwks);
  return {
    keys,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    ...(environment.SATCHEL_ROLES_CLAIM === undefined ? {} : { rolesClaim: environment.SATCHEL_ROLES_CLAIM }),
    ...(environment.SATCHEL_CHANNEL_CLAIM === undefined
      ? {}
      : { channelClaim: environment.SATCHEL_CHANNEL_CLAIM }),
  };
};

const keysOf = (secret: string | undefined, jwks: string | undefined): AuthSettings['keys'] => {
  if (secret !== undefined) return { kind: 'secret', secret };
  if (jwks !== undefined)
    return /^https?:/.test(jwks) ? { kind: 'jwks-url', url: jwks } : { kind: 'jwks-file', path: jwks };
  throw new SatchelError('config_invalid', {
    name: 'SATCHEL_SECRET',
    reason: 'neither it (HS256) nor SATCHEL_JWKS (address or file of public keys) is set',
  });
};

/** Who is told of operators' alerts: `SATCHEL_ALERT_WEBHOOK` and the secret that signs what it is sent. */
export const alertSettings = ({
  SATCHEL_ALERT_WEBHOOK: url,
  SATCHEL_ALERT_SECRET: secret,
}: Given['environment']): Pick<ServerOptions, 'alertWebhook'> => {
  if (url === undefined) return {};
  if (secret === undefined)
    throw new SatchelError('config_invalid', {
      name: 'SATCHEL_ALERT_SECRET',
      reason: 'it is not set, and what SATCHEL_ALERT_WEBHOOK is sent must be signed',
    });
  return { alertWebhook: { url, secret } };
};

/** The variables that `authSettings` and `alertSettings` read, and those of `createServer`'s other settings. */
export const serverVariables = {
  SATCHEL_SECRET: 'key of HS256 that signs the tokens; or',
  SATCHEL_JWKS: 'address or file of the public keys that do',
  SATCHEL_ISSUER: 'iss that tokens must have; default any',
  SATCHEL_AUDIENCE: 'aud that tokens must have; default any',
  SATCHEL_ROLES_CLAIM: 'claim with the roles; default roles',
  SATCHEL_CHANNEL_CLAIM: 'claim with the channel; default channel',
  SATCHEL_ORIGINS: 'origins of web pages that may ask, with commas between them; default its own alone',
  SATCHEL_METRICS_TOKEN: 'token without which /metrics is not served',
  SATCHEL_ALERT_WEBHOOK: 'address that alerts to operators are sent to; default none, they go to the log',
  SATCHEL_ALERT_SECRET: 'key that signs what is sent there',
};

/** A list with commas between its parts. */
export const listOf = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Resolves when the signal is aborted. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
