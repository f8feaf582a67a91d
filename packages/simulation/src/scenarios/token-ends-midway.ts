import type { Scenario } from './scenario.ts';
import { MINUTE, SECOND } from './stage.ts';

/** Seconds that the token of the device lasts from here on. */
const LIFE = 120;

/** A token ends while the device is live, and again while it uploads; nobody signs in for an hour. */
export const tokenEndsMidway: Scenario = {
  name: 'token-ends-midway',
  title:
    'a token ends in the middle of a stream and of an upload: the outbox waits for it, nothing fails or is dropped',
  async play(stage) {
    const { world } = stage;
    const device = stage.device(1);
    const book = (amount: number) => stage.book(device, amount);
    // In the middle of a stream: the connection was opened with it.
    device.tokenSeconds = LIFE;
    await stage.ask(stage.app(device).sync.renewed());
    device.setOnline(false);
    device.setOnline(true);
    await stage.until('it is live', async () => (await stage.app(device).status()).live);
    device.tokenExpired = true;
    await stage.pass((LIFE + 30) * SECOND);
    for (let edit = 0; edit < 5; edit += 1) await book(edit);
    await stage.until(
      'it asks for a token',
      async () => (await stage.app(device).status()).needsAuth !== null,
    );
    const states = async () => [...new Set((await stage.unsettled(device)).map(({ state }) => state))].join();
    await stage.pass(60 * MINUTE);
    stage.mustBe((await stage.unsettled(device)).length === 5, 'five writes wait');
    stage.mustBe((await states()) === 'queued', `none of them failed: ${await states()}`);
    stage.mustBe((await stage.app(device).status()).phase === 'needs-auth', 'and the status says for what');
    device.tokenExpired = false;
    device.tokenSeconds = 86_400;
    await stage.ask(stage.app(device).sync.renewed());
    await stage.drained(device);

    // In the middle of an upload: the server meets it after the device has sent.
    for (let edit = 0; edit < 40; edit += 1) await book(edit);
    stage.syncs(device);
    await world.timeline.advance(1);
    device.troubles.push({ fault: 'F10d', until: stage.now + 20 * SECOND, share: 1 });
    device.tokenExpired = true;
    await stage.pass(10 * MINUTE);
    const left = await stage.unsettled(device);
    stage.mustBe(
      left.every(({ state }) => state === 'queued' || state === 'in-flight'),
      `what is left waits: ${await states()}`,
    );
    device.tokenExpired = false;
    await stage.ask(stage.app(device).sync.renewed());
    await stage.drained(device);
  },
};
