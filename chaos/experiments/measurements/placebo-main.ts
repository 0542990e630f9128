/**
 * Entry point of one placebo: burns the given share of a core in slices, as a server that works and waits
 * does. It ends when its standard input does.
 */
import { PLACEBO_READY } from './placebo-ready.ts';

const share = Number(process.argv[2]);
const PERIOD_MS = 10;

process.stdin.on('end', () => process.exit(0)).resume();
process.on('SIGINT', () => {});
console.log(PLACEBO_READY);
setInterval(() => {
  const from = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(from);
    if (user + system >= share * PERIOD_MS * 1000) return;
  }
}, PERIOD_MS);
