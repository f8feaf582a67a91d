import type { Command } from './command.ts';
import { conflicts } from './commands/conflicts.ts';
import { demo } from './commands/demo.ts';
import { dev } from './commands/dev.ts';
import { doctor } from './commands/doctor.ts';
import { init } from './commands/init.ts';
import { migrate } from './commands/migrate.ts';
import { quarantine } from './commands/quarantine.ts';
import { start } from './commands/start.ts';
import { token } from './commands/token.ts';
import { verify } from './commands/verify.ts';

/** Every command, in the order in which a newcomer meets them. */
export const COMMANDS: readonly Command[] = [
  init,
  dev,
  start,
  migrate,
  doctor,
  verify,
  conflicts,
  quarantine,
  token,
  demo,
];
