/** Which file of a build runs the server: the bundle, or the separate files that it was made from. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Names another program, as the separate files for breakpoints: `ZKLAB_SERVER=dist/server/main.js`. */
export const SERVER_VARIABLE = 'ZKLAB_SERVER';

/**
 * Undefined when the build has no server. A bundle that is older than any file it was made from is passed
 * over: whoever runs the compiler alone must not test what was there before.
 * @param dist the folder of the build
 */
export function serverProgram(dist: string): string | undefined {
  const [bundle, main] = [join(dist, 'zklab-server.js'), join(dist, 'server', 'main.js')];
  if (!existsSync(main)) return undefined;
  return existsSync(bundle) && statSync(bundle).mtimeMs >= newestMs(join(dist, 'server')) ? bundle : main;
}

/** When the last of the compiled files was written, in ms since 1970. */
function newestMs(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isOfTheServer);
  return Math.max(...files.map(file => statSync(join(folder, file)).mtimeMs));
}

function isOfTheServer(file: string): boolean {
  return file.endsWith('.js') && !file.endsWith('.test.js') && !file.endsWith('.test-kit.js');
}
