/**
 * `node dist/.ci/usual-seconds.js` keeps what files with ensembles took here, for machines that have not run
 * them yet. Run it after `npm test` on a machine that did nothing else.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { readPastTimes, USUAL_FILE } from './test/past-times.ts';

const seconds = Object.entries(readPastTimes(process.cwd()))
  .filter(([name]) => name.endsWith('.ensemble.test.ts') && existsSync(name))
  .map(([name, ms]) => [name, Math.max(1, Math.round(ms / 1000))] as const)
  .sort(([a], [b]) => a.localeCompare(b));
writeFileSync(USUAL_FILE, `${JSON.stringify(Object.fromEntries(seconds), null, 2)}\n`);
console.log(`${USUAL_FILE}: ${seconds.length} files`);
