import { ERRORS, type ErrorCode, SatchelError } from '@satchel/protocol';
import { describe, expect, it } from 'vitest';
import { failureOf } from './failure.ts';

describe('failures', () => {
  it.each([
    ['network_unreachable', 'offline'],
    ['network_intercepted', 'offline'],
    ['network_timeout', 'smaller'],
    ['body_too_large', 'refused'],
    ['server_error', 'apart'],
    ['server_busy', 'retry'],
    ['auth_expired', 'auth'],
    ['client_revoked', 'revoked'],
    ['cursor_invalid', 'start-over'],
    ['schema_ahead', 'wait-for-update'],
    ['request_invalid', 'refused'],
    ['origin_denied', 'stop'],
  ] as const)('[SYNC-06] %s is met by %s', (code, reaction) => {
    expect(failureOf(new SatchelError(code)).reaction).toBe(reaction);
  });

  it('[SYNC-07] every code has a reaction that its retry rule allows', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { reaction } = failureOf(new SatchelError(code));
      if (ERRORS[code].retry === 'after-auth') expect(reaction, code).toBe('auth');
      if (reaction === 'retry') expect(ERRORS[code].retry, code).toBe('later');
    }
  });

  it('[SYNC-08] keeps the wait that the server asked for', () => {
    expect(failureOf(new SatchelError('rate_limited', { retryAfter: 7 })).waitMs).toBe(7_000);
  });

  it('[SYNC-09] lets what is no SatchelError through: it is a bug', () => {
    expect(() => failureOf(new TypeError('x'))).toThrow(TypeError);
  });
});
