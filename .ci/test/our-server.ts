import { fileURLToPath } from 'node:url';
import { SERVER_VARIABLE, serverProgram } from '../../bench/hosts/server-program.ts';

const DIST = fileURLToPath(new URL('../..', import.meta.url));
let program: string | undefined;

/**
 * The file that runs our server: what people run, which starts in half the time of the separate files. Or
 * what ZKLAB_SERVER names, so that a test can be seen to fail on an earlier build.
 */
export function ourServer(): string {
  program ??= process.env[SERVER_VARIABLE] ?? serverProgram(DIST);
  if (program === undefined) throw new Error(`${DIST} has no server`);
  return program;
}
