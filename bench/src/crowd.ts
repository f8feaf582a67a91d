import type { Child } from './child.ts';
import type { Stage } from './stage.ts';

const CROWD = new URL('./work/crowd-side.js', import.meta.url).href;

/** Many clients of the wire in one process, each of a user of its own. */
export class Crowd {
  readonly child: Child;
  readonly #stage: Stage;

  private constructor(child: Child, stage: Stage) {
    this.child = child;
    this.#stage = stage;
  }

  static async gather(stage: Stage, count: number): Promise<Crowd> {
    const child = stage.world.child();
    const tokens = await Promise.all(
      Array.from({ length: count }, (_, at) => stage.world.token(`user${at}`)),
    );
    await child.call(CROWD, 'gather', stage.url, tokens);
    return new Crowd(child, stage);
  }

  copyAll(): Promise<{ readonly rows: number; readonly bytes: number }> {
    return this.child.call(CROWD, 'copyAll');
  }

  goLive(): Promise<void> {
    return this.child.call(CROWD, 'goLive', this.#stage.url);
  }

  untilDelivered(count: number): Promise<void> {
    return this.child.call(CROWD, 'untilDelivered', count);
  }

  delivered(): Promise<number> {
    return this.child.call<number>(CROWD, 'deliveredSoFar');
  }

  async disperse(): Promise<void> {
    await this.child.call(CROWD, 'disperse');
    await this.child.end();
  }
}
