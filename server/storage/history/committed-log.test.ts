import { assert, suite } from '#test';
import { fc } from '#test/properties';
import { makeZxid } from '../../wire/zxid.ts';
import { createPacket } from '../storage.test-kit.ts';
import { CommittedLog } from './committed-log.ts';

const test = suite('storage: committed log');

test('the committed log behaves as a list that forgets its oldest, for every bound', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.boolean(), { maxLength: 40 }),
      (countMax, newEpochs) => {
        const log = new CommittedLog(countMax);
        let zxids: number[] = [];
        let zxid = makeZxid(1, 0);
        for (const newEpoch of newEpochs) {
          zxid = newEpoch ? makeZxid(Math.floor(zxid / 2 ** 32) + 1, 1) : zxid + 1;
          log.add(createPacket(zxid));
          zxids = [...zxids, zxid].slice(-countMax);
        }
        assert.equal(
          Array.from({ length: log.size }, (_, i) => log.at(i).zxid),
          zxids,
        );
        assert.is(log.minZxid(7), zxids[0] ?? 7);
        assert.is(log.maxZxid(7), zxids.at(-1) ?? 7);
        for (const [i, each] of zxids.entries()) {
          assert.is(log.indexOf(each), i);
          assert.is(log.indexFrom(each), i);
          assert.is(log.indexOf(each + 0.5), -1);
        }
        assert.is(log.indexFrom(zxid + 1), log.size);
      },
    ),
  );
});

test('field report B6: the committed log is bounded in bytes too, down to the last entry', () => {
  const bytesOf = (text: string) => createPacket(makeZxid(1, 1), text).bytes.length;
  const big = 'x'.repeat(1000);
  const log = new CommittedLog(500, 3 * bytesOf(big));
  for (let n = 1; n <= 20; n++) {
    log.add(createPacket(makeZxid(1, n), big));
    assert.ok(
      log.bytes <= 3 * bytesOf(big) && log.size === Math.min(n, 3),
      `${log.size} entries, ${log.bytes} bytes`,
    );
  }
  assert.is(log.minZxid(0), makeZxid(1, 18));
  log.add(createPacket(makeZxid(1, 21), 'x'.repeat(5000)));
  assert.is(log.size, 1, 'the last one, however large');
  log.add(createPacket(makeZxid(1, 22)));
  assert.is(log.size, 1);
  log.clear();
  assert.is(log.bytes, 0);
});

test('ZOOKEEPER-4925: an entry that does not follow the last is refused', () => {
  const log = new CommittedLog(3);
  log.add(createPacket(makeZxid(1, 5)));
  for (const zxid of [makeZxid(1, 5), makeZxid(1, 4), makeZxid(1, 7), makeZxid(2, 2)]) {
    assert.throws(() => log.add(createPacket(zxid)), /committed after 0x100000005/);
  }
  log.add(createPacket(makeZxid(2, 1)));
  log.clear();
  log.add(createPacket(makeZxid(9, 9)));
});

test('a bound of 0 keeps nothing', () => {
  const log = new CommittedLog(0);
  log.add(createPacket(makeZxid(1, 1)));
  assert.is(log.size, 0);
});
