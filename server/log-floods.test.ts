/** What strangers at each port can do to the log of a server, in virtual time. */
import { assert, suite } from '#test';
import { helloFrame } from './memory-client.test-kit.ts';
import {
  CLIENT_PORT,
  ELECTION_PORT,
  MemoryEnsemble,
  OBSERVER_MASTER_PORT,
  QUORUM_PORT,
} from './memory-ensemble.test-kit.ts';
import { LINES_INTERVAL_MS, LINES_MAX } from './runtime/logging/rated-log.ts';
import { VirtualClock } from './runtime/virtual/virtual-clock.ts';

const test = suite('server: floods of the log');

const BAD = Buffer.alloc(64, 0xff);
const COUNT = 300;

test('B8: hundreds of bad connections at every port in a minute cause a few lines of each kind, and one with the number left out', () => {
  const ensemble = new MemoryEnsemble({
    voters: 3,
    settings: { observerMasterPort: OBSERVER_MASTER_PORT, maxClientCnxns: 0 },
  }).start();
  const sid = ensemble.leader;
  const host = ensemble.network.host('stranger', new VirtualClock(ensemble.time));
  const lines = () => ensemble.log.get(sid)!.filter(({ level }) => level !== 'debug');
  const floods: [string, number, Buffer][] = [
    ['client port', CLIENT_PORT, BAD],
    ['client port, a zxid from the future', CLIENT_PORT, helloFrame({ lastZxidSeen: 2 ** 52 })],
    ['quorum port', QUORUM_PORT, BAD],
    ['observer master port', OBSERVER_MASTER_PORT, BAD],
    ['election port', ELECTION_PORT, BAD],
  ];
  for (const [name, port, bytes] of floods) {
    ensemble.time.advance(LINES_INTERVAL_MS);
    const before = lines().length;
    for (let n = 0; n < COUNT; n++) {
      const raw = ensemble.dialFrom(host, sid, port);
      raw.write(bytes);
      raw.untilClosed();
    }
    const written = lines().length - before;
    assert.ok(written >= LINES_MAX && written < LINES_MAX + 10, `${name}: ${written} lines`);
    ensemble.time.advance(LINES_INTERVAL_MS);
    const last = lines().slice(before);
    assert.ok(
      last.some(({ message }) => message.startsWith(`${COUNT - LINES_MAX} more lines`)),
      name,
    );
  }
});
