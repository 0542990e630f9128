/**
 * `node dist/.ci/usual-seconds.js` keeps what files with ensembles took here, for machines that have not run
 * them yet. Run it after `npm test` on a machine that did nothing else.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { readPastTimes, timesText, USUAL_FILE } from './test/past-times.ts';

const times = Object.entries(readPastTimes(process.cwd())).filter(
  ([name]) => name.endsWith('.ensemble.test.ts') && existsSync(name),
);
writeFileSync(USUAL_FILE, timesText(Object.fromEntries(times), 1000));
console.log(`${USUAL_FILE}: ${times.length} files`);
