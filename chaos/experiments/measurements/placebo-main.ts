/**
 * Entry point of one placebo: burns the given share of a core in slices, as a server that works and waits
 * does.
 */
import { endWithParent } from '../../../bench/hosts/end-with-parent.ts';

const share = Number(process.argv[2]);
const PERIOD_MS = 10;

endWithParent();
process.on('SIGINT', () => {});
process.send?.('ready');
setInterval(() => {
  const from = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(from);
    if (user + system >= share * PERIOD_MS * 1000) return;
  }
}, PERIOD_MS);
