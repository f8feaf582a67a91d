import { expect, it } from 'vitest';
import { alertSettings } from './server-settings.ts';

it('[CMD-25] alerts go to the webhook of the environment, signed by its secret, or to the log alone', () => {
  expect(alertSettings({})).toEqual({});
  const [url, secret] = ['https://operators.example.org/alerts', 'a secret of the operators'];
  expect(alertSettings({ SATCHEL_ALERT_WEBHOOK: url, SATCHEL_ALERT_SECRET: secret })).toEqual({
    alertWebhook: { url, secret },
  });
  expect(() => alertSettings({ SATCHEL_ALERT_WEBHOOK: url })).toThrow(
    expect.objectContaining({
      code: 'config_invalid',
      params: expect.objectContaining({ name: 'SATCHEL_ALERT_SECRET' }),
    }),
  );
});
