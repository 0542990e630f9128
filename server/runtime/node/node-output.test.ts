import { assert, suite, until } from '#test';
import { END_LINGER_MS, END_STALLED_MS } from '../linger.ts';
import { type Connection, OUTPUT_HIGH_WATER_BYTES, type QueuedBytes, type Timer } from '../runtime.ts';
import { NodeClock } from './node-clock.ts';
import { NodeNetwork } from './node-network.ts';
import { allOf, clock, ignore, names, SOON, withPeer } from './node-peer.test-kit.ts';

const test = suite('runtime: what leaves on Node.js');

test('write returns false above the high-water mark but takes the bytes; a drain follows when the peer reads', async () => {
  const piece = Buffer.alloc(OUTPUT_HIGH_WATER_BYTES, 1);
  let connection!: Connection;
  let drains = 0;
  await withPeer(
    accepted => {
      connection = accepted;
      accepted.start({ ...ignore, onDrain: () => drains++ });
    },
    async peer => {
      peer.pause();
      await until(() => connection, { ...SOON, what: 'the connection' });
      let sent = 0;
      await until(
        () => {
          sent += piece.length;
          // More than the kernels on both sides buffer.
          return !connection.write(piece) && connection.bytesQueued > 16 * piece.length;
        },
        { ...SOON, what: 'back-pressure', intervalMs: 1 },
      );
      drains = 0;
      const { turns } = clock;
      clock.inNextTurn(() => clock.inNextTurn(() => {}));
      await until(() => clock.turns > turns + 1, { ...SOON, what: 'two turns' });
      assert.is(drains, 0, 'the peer reads nothing');
      let received = 0;
      peer.on('data', chunk => {
        received += chunk.length;
      });
      peer.resume();
      await until(() => received === sent && drains > 0, { ...SOON, what: 'all bytes and a drain' });
      assert.is(connection.bytesQueued, 0);
      assert.is(connection.write(Buffer.from('x')), true);
      connection.destroy();
    },
  );
});

test('shared bytes go out in their place among copied ones, however large, without a copy', async () => {
  const large = [Buffer.alloc(300_000, 'L'), Buffer.alloc(20_000, 'M'), Buffer.from('small')];
  let connection: Connection | undefined;
  await withPeer(
    accepted => {
      connection = accepted;
      accepted.start(ignore);
      accepted.write(Buffer.from('<'));
      for (const bytes of large) {
        accepted.writeShared(bytes);
        accepted.write(Buffer.alloc(17_000, '-'));
      }
      accepted.write(Buffer.alloc(400_000, '.'));
      assert.is(accepted.bytesQueued, 1 + 300_000 + 20_000 + 5 + 3 * 17_000 + 400_000);
      large[0]!.fill('l');
      accepted.end();
    },
    async peer => {
      const dashes = '-'.repeat(17_000);
      const expected = `<${'l'.repeat(300_000)}${dashes}${'M'.repeat(20_000)}${dashes}small${dashes}${'.'.repeat(400_000)}`;
      assert.ok((await allOf(peer)) === expected);
      await until(() => connection!.bytesQueued === 0, { ...SOON, what: 'nothing to be left' });
    },
  );
});

/** Counts as a ledger does, and checks that each shared buffer is released as often as it is kept. */
class Ledger implements QueuedBytes {
  highWaterBytes = OUTPUT_HIGH_WATER_BYTES;
  copied = 0;
  readonly shared = new Map<Uint8Array, number>();

  add(bytes: number): void {
    this.copied += bytes;
  }

  keep(shared: Uint8Array): void {
    this.shared.set(shared, (this.shared.get(shared) ?? 0) + 1);
  }

  letGo(shared: Uint8Array): void {
    const times = this.shared.get(shared) ?? 0;
    assert.ok(times > 0, 'let go more often than kept');
    if (times === 1) this.shared.delete(shared);
    else this.shared.set(shared, times - 1);
  }
}

test('queued bytes, copied and shared, are counted until the system has them or they are dropped', async () => {
  const shared = Buffer.alloc(24 * OUTPUT_HIGH_WATER_BYTES, 1);
  for (const how of ['read', 'destroyed', 'closed by peer'] as const) {
    const ledger = new Ledger();
    let connection!: Connection;
    await withPeer(
      accepted => {
        connection = accepted;
        accepted.start(ignore, ledger);
      },
      async peer => {
        peer.pause();
        await until(() => connection, { ...SOON, what: 'the connection' });
        connection.write(Buffer.alloc(1000));
        assert.is(connection.writeShared(shared), false);
        connection.writeShared(shared);
        connection.write(Buffer.alloc(500));
        assert.equal([ledger.copied, ledger.shared.get(shared)], [1500, 2]);
        await until(() => connection.bytesQueued < 2 * shared.length, { ...SOON, what: 'a start' });
        if (how === 'read') peer.resume();
        else if (how === 'destroyed') connection.destroy();
        else peer.destroy();
        await until(() => ledger.copied === 0 && ledger.shared.size === 0, { ...SOON, what: 'all to go' });
        connection.destroy();
      },
    );
    assert.equal([ledger.copied, ledger.shared.size], [0, 0], how);
  }
});

test('a common high-water mark applies to each connection', async () => {
  const ledger = new Ledger();
  ledger.highWaterBytes = 20_000;
  let connection!: Connection;
  let drains = 0;
  await withPeer(
    accepted => {
      connection = accepted;
      accepted.start({ ...ignore, onDrain: () => drains++ }, ledger);
    },
    async peer => {
      peer.resume();
      await until(() => connection, { ...SOON, what: 'the connection' });
      assert.is(connection.write(Buffer.alloc(20_000)), true);
      assert.is(connection.write(Buffer.alloc(1)), false);
      await until(() => drains === 1, { ...SOON, what: 'a drain' });
      connection.destroy();
    },
  );
});

test('while a peer reads, its queue shrinks long before all of it is gone', async () => {
  let connection!: Connection;
  await withPeer(
    accepted => {
      connection = accepted;
      accepted.start(ignore);
    },
    async peer => {
      peer.pause();
      await until(() => connection, { ...SOON, what: 'the connection' });
      // More than the kernels on both sides buffer.
      connection.write(Buffer.alloc(32 * OUTPUT_HIGH_WATER_BYTES, 1));
      await until(() => connection.bytesQueued < 32 * OUTPUT_HIGH_WATER_BYTES, { ...SOON, what: 'a start' });
      const seen = new Set<number>();
      peer.on('data', () => seen.add(connection.bytesQueued));
      peer.resume();
      await until(() => connection.bytesQueued === 0, { ...SOON, what: 'the end' });
      assert.ok(seen.size > 2, `seen to shrink ${seen.size} times`);
      connection.destroy();
    },
  );
});

test('a drain follows each write above the mark, also when the system takes all of it at once', async () => {
  const piece = Buffer.alloc(2 * OUTPUT_HIGH_WATER_BYTES, 1);
  let connection!: Connection;
  let drains = 0;
  await withPeer(
    accepted => {
      connection = accepted;
      accepted.start({ ...ignore, onDrain: () => drains++ });
    },
    async peer => {
      peer.resume();
      await until(() => connection, { ...SOON, what: 'the connection' });
      for (let written = 1; written <= 5; written++) {
        assert.is(connection.write(piece), false);
        await until(() => drains === written, { ...SOON, what: `drain ${written}` });
        assert.is(connection.bytesQueued, 0);
      }
      connection.destroy();
    },
  );
});

/** A clock whose timers run when the test says so. */
class HandClock extends NodeClock {
  readonly #due: (() => void)[] = [];

  override after(_delayMs: number, run: () => void): Timer {
    this.#due.push(run);
    return { cancel: () => {} };
  }

  /** Runs every timer. */
  pass(): void {
    for (const run of this.#due.splice(0)) run();
  }
}

test('field report B4: a large answer, ended, waits for a peer that pauses; one that never reads is given up', async () => {
  const hand = new HandClock();
  const answer = Buffer.alloc(24 * 1024 * 1024, 'x');
  for (const reads of [true, false]) {
    const closed: string[] = [];
    let connection: Connection | undefined;
    await withPeer(
      accepted => {
        connection = accepted;
        accepted.start({ ...ignore, onClose: reason => closed.push(reason) });
        accepted.write(answer);
        accepted.end();
      },
      async peer => {
        peer.pause();
        let queued = Number.POSITIVE_INFINITY;
        // Until the buffers of the kernels are full.
        await until(
          () => {
            const before = queued;
            queued = connection?.bytesQueued ?? queued;
            return queued < answer.length && queued === before;
          },
          { ...SOON, what: 'the system to take no more', intervalMs: 50 },
        );
        hand.pass();
        for (let pauses = 1; pauses < END_STALLED_MS / END_LINGER_MS; pauses++) hand.pass();
        assert.equal(closed, []);
        if (reads) {
          assert.is((await allOf(peer)).length, answer.length);
        } else {
          hand.pass();
          await until(() => closed.length > 0, { ...SOON, what: 'the peer to be given up' });
        }
      },
      new NodeNetwork(hand, names),
    );
  }
});

test('a peer that closes its half gets everything queued, and what its owner still writes when told', async () => {
  const megabytes = Buffer.alloc(10 * OUTPUT_HIGH_WATER_BYTES, 'x');
  await withPeer(
    connection => connection.start({ ...ignore, onData: () => connection.write(megabytes) }),
    async peer => {
      peer.end('go');
      assert.is((await allOf(peer)).length, megabytes.length);
    },
  );
  await withPeer(
    connection =>
      connection.start({
        ...ignore,
        onEnd: () => {
          connection.write(megabytes);
          clock.atEndOfTurn(() => {
            connection.write(megabytes);
            connection.end();
          });
          return true;
        },
      }),
    async peer => {
      peer.end('go');
      assert.is((await allOf(peer)).length, 2 * megabytes.length);
    },
  );
});
