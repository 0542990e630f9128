import { assert, suite } from '#test';
import { VirtualClock } from '../virtual/virtual-clock.ts';
import { VirtualTime } from '../virtual/virtual-time.ts';
import { type Logger, silentLogger } from './logger.ts';
import { LINES_INTERVAL_MS, LINES_MAX, RatedLog } from './rated-log.ts';

const test = suite('runtime: lines that strangers cause');

test('B8: lines of a kind are limited per minute, then one gives the number left out; each kind has its own limit', () => {
  const time = new VirtualTime();
  const lines: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: message => void lines.push(message),
    info: message => void lines.push(message),
  };
  const log = new RatedLog({ logger, clock: new VirtualClock(time) });
  for (let n = 0; n < 10_000; n++) {
    log.warn('bad clients', `bad client ${n}`);
    time.advance(1);
  }
  assert.is(lines.length, LINES_MAX);
  log.info('sessions', 'a session');
  assert.equal(lines.splice(0).at(-1), 'a session');
  time.advance(LINES_INTERVAL_MS);
  assert.equal(lines.splice(0), [
    `${10_000 - LINES_MAX} more lines about bad clients were left out; at most ${LINES_MAX} are written in 60 s`,
  ]);
  log.warn('bad clients', 'the next');
  time.advance(2 * LINES_INTERVAL_MS);
  assert.equal(lines, ['the next']);
});
