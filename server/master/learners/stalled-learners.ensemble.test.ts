import { assert, suite } from '#test';
import { body } from '../../memory-client.test-kit.ts';
import { OpCode } from '../../wire/opcodes.ts';
import { PacketType } from '../../wire/quorum-packet.ts';
import type { Peer } from '../../zab/peer.test-kit.ts';
import { TICK_MS } from '../../zab/peer.test-kit.ts';
import { e2, openSession, Play, requestData, SESSION } from '../leader/leader.test-kit.ts';
import { LEARNER_BACKLOG_BYTES_MAX } from './learner-backlog.ts';

const test = suite('quorum: learners that do not read');

const { ACK, PING, REQUEST } = PacketType;
const MEBIBYTE = 1024 * 1024;
const VALUE = 'x'.repeat(1_000_000);

/** A leader with followers 2 and 3, and a session through follower 2. */
function leading(): { play: Play; two: Peer; three: Peer } {
  const play = new Play();
  const two = play.serve(2);
  const three = play.serveAlso(3);
  openSession(two);
  two.told();
  for (const follower of [two, three]) follower.send(ACK, e2(1));
  two.told();
  return { play, two, three };
}

/** One write of a megabyte, acked by `acks`. */
function write(two: Peer, acks: readonly Peer[], n: number): void {
  two.send(REQUEST, -1, requestData(OpCode.setData, n, body.setData('/', VALUE)));
  two.told();
  for (const follower of acks) follower.send(ACK, e2(n + 1));
  two.told();
}

function pingAll(peers: readonly Peer[]): void {
  for (const peer of peers) peer.send(PING, 0, Buffer.alloc(0));
}

test('field report B6: what waits for twenty observers that ping and never read is kept once and bounded, over 72 MB of writes', () => {
  const { play, two, three } = leading();
  const reader = play.observe(50, e2(1));
  const stalled: Peer[] = [];
  while (stalled.length < 20) {
    pingAll([two, three, reader, ...stalled]);
    stalled.push(play.observe(100 + stalled.length, e2(1)).pause());
  }
  const informed: string[] = [];
  let most = 0;
  for (let n = 1; n <= 72; n++) {
    write(two, [two, three], n);
    informed.push(...reader.told());
    pingAll([...stalled, reader, three]);
    play.stage.time.advance(TICK_MS);
    const bytes = Number(play.stage.context.metrics.gauges.get('learner_backlog_bytes')!());
    assert.ok(bytes <= LEARNER_BACKLOG_BYTES_MAX, `${bytes} bytes`);
    most = Math.max(most, bytes);
  }
  assert.equal(
    informed,
    Array.from({ length: 72 }, (_, n) => `INFORM 0x${e2(n + 2).toString(16)}`),
  );
  assert.ok(most > LEARNER_BACKLOG_BYTES_MAX - 2 * MEBIBYTE, `${most} bytes at the most`);
  assert.ok(
    stalled.every(observer => observer.closed !== null),
    'the slowest are cut',
  );
  assert.is(three.closed, null);
  assert.ok(play.leading);
});

test('field report B6: a voter that does not read is cut while there is a quorum without it, and kept otherwise', () => {
  const { play, two, three } = leading();
  three.pause();
  for (let n = 1; n <= 70; n++) {
    write(two, [two], n);
    // It acks without reading, so only its backlog shows that it does not read.
    three.send(ACK, e2(n + 1));
    pingAll([two, three]);
    play.stage.time.advance(TICK_MS / 2);
  }
  assert.ok(three.closed !== null);
  assert.is(two.closed, null);
  two.pause();
  for (let n = 71; n <= 140; n++) {
    two.send(REQUEST, -1, requestData(OpCode.setData, n, body.setData('/', VALUE), SESSION));
    play.stage.settle();
    two.send(ACK, e2(n + 1));
    play.stage.settle();
  }
  assert.is(two.closed, null);
  assert.ok(play.leading);
});
