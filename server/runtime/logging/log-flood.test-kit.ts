/**
 * `log-flood.test-kit.js N`: logs N lines at once, reports on standard error that its loop still turns, and
 * ends like a crash when standard input ends.
 */
import { processLog } from './node-logger.ts';

const EXIT_CRASHED = 3;

const { logger, lastWords } = processLog();
for (let n = 0; n < Number(process.argv[2]); n++) logger.info('a line', { n });
setTimeout(() => lastWords('all said'), 10);
process.stdin.on('end', () => {
  logger.error('it crashes');
  process.exit(EXIT_CRASHED);
});
process.stdin.resume();
