import type { Json } from '@satchel/protocol';
import { SatchelError } from '@satchel/protocol';
import { developmentIssuer, systemClock, systemRandom } from '@satchel/server';
import { type Command, isSet, textOption } from '../command.ts';
import { developmentSecret } from '../development.ts';

/** `satchel token`: a token of the development issuer. */
export const token: Command = {
  usage: ['USER [--roles a,b] [--channel NAME] [--claims JSON] [--hours N]'],
  words: 1,
  options: {
    roles: { type: 'string' },
    channel: { type: 'string' },
    claims: { type: 'string' },
    hours: { type: 'string' },
  },
  help: {
    roles: 'roles, with commas between them; default none',
    channel: 'way in: mobile, web, agent, ussd, sms',
    claims: 'further claims, as a JSON object',
    hours: 'hours until it expires; default 12',
  },
  async run(given) {
    const [userId] = given.words;
    if (userId === undefined) throw new SatchelError('usage', { detail: 'Name the user' });
    const secret = await developmentSecret(given);
    const issuer = developmentIssuer({
      clock: systemClock,
      random: systemRandom,
      secret,
      environment: given.environment,
    });
    const channel = textOption(given, 'channel');
    const text = await issuer.issue({
      userId,
      roles: (textOption(given, 'roles') ?? '').split(',').filter((role) => role !== ''),
      claims: claimsOf(textOption(given, 'claims')),
      lifetime: hoursOf(textOption(given, 'hours')) * 3_600,
      ...(channel === undefined ? {} : { channel }),
    });
    given.screen.write(isSet(given, 'json') ? `${JSON.stringify({ token: text })}\n` : `${text}\n`);
    return 0;
  },
};

const claimsOf = (text: string | undefined): Record<string, Json> => {
  if (text === undefined) return {};
  try {
    const claims: unknown = JSON.parse(text);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims))
      return claims as Record<string, Json>;
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw new SatchelError('usage', { detail: '--claims takes a JSON object' });
};

const hoursOf = (text: string | undefined): number => {
  const hours = Number(text ?? '12');
  if (!Number.isFinite(hours) || hours <= 0)
    throw new SatchelError('usage', { detail: `--hours takes a number, not ${text}` });
  return hours;
};
