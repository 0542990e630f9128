import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import * as net from 'node:net';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { END_LINGER_MS, END_STALLED_MS } from './linger.ts';
import { LinkMap } from './link-map.ts';
import type { Logger } from './logger.ts';
import { NameLookup } from './name-lookup.ts';
import { NodeClock } from './node-clock.ts';
import { NodeNetwork } from './node-network.ts';
import {
  type Connection,
  type ConnectionEvents,
  type Listener,
  OUTPUT_HIGH_WATER_BYTES,
  type Timer,
} from './runtime.ts';

const test = suite('runtime: TCP on Node.js');

const LOOPBACK = '127.0.0.1';
const clock = new NodeClock();

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const names = new NameLookup(silent);
const network = new NodeNetwork(clock, names);
const ignore: ConnectionEvents = { onData() {}, onClose() {} };
const SOON = { deadlineMs: 30_000 };

async function listening(
  onConnection: (connection: Connection) => void,
  on: NodeNetwork = network,
): Promise<Listener> {
  let open = false;
  const listener = on.listen(
    { host: LOOPBACK, port: 0 },
    {
      onListening: () => {
        open = true;
      },
      onConnection,
      onError: error => {
        throw error;
      },
    },
  );
  await until(() => open, { ...SOON, what: 'the port' });
  return listener;
}

/** A plain peer of whatever `onConnection` makes of it. */
async function withPeer(
  onConnection: (connection: Connection) => void,
  body: (peer: net.Socket) => Promise<void>,
  on: NodeNetwork = network,
): Promise<void> {
  const listener = await listening(onConnection, on);
  const peer = net.connect({ port: listener.port, host: LOOPBACK, allowHalfOpen: true });
  try {
    await once(peer, 'connect');
    await body(peer);
  } finally {
    peer.destroy();
    listener.close();
  }
}

async function allOf(peer: net.Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of peer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test('a connection that is ended after an empty write ends', async () => {
  await withPeer(
    connection => {
      connection.start(ignore);
      connection.write(Buffer.alloc(0));
      connection.end();
    },
    async peer => assert.is(await allOf(peer), ''),
  );
});

test('everything written in a turn leaves in one write, the parts in order; later parts are copied when written', async () => {
  let writes: Connection | undefined;
  await withPeer(
    connection => {
      writes = connection;
      connection.start(ignore);
      const reused = Buffer.from('-b-');
      clock.atEndOfTurn(() => {
        connection.write(reused, 1, 2);
        reused.fill('x');
        clock.atEndOfTurn(() => connection.write(Buffer.from('c')));
      });
      connection.write(Buffer.from('a'));
    },
    async peer => {
      const [chunk] = (await once(peer, 'data')) as [Buffer];
      assert.is(String(chunk), 'abc');
      writes?.destroy();
    },
  );
});

test('what a peer asked before it closed its half is answered: echo ruok | socat', async () => {
  const reasons: string[] = [];
  await withPeer(
    connection =>
      connection.start({
        onData: chunk => {
          connection.write(Buffer.from(`answer to ${chunk}`));
          connection.end();
        },
        onClose: reason => reasons.push(reason),
      }),
    async peer => {
      peer.end('ruok');
      assert.is(await allOf(peer), 'answer to ruok');
      await until(() => reasons.length > 0, { ...SOON, what: 'the close' });
      assert.equal(reasons, ['closed here']);
    },
  );
});

test('a peer that closes is answered what is due, and the connection closes by itself, once', async () => {
  const reasons: string[] = [];
  await withPeer(
    connection =>
      connection.start({
        onData: () => connection.write(Buffer.from('reply')),
        onClose: reason => reasons.push(reason),
      }),
    async peer => {
      peer.end('request');
      assert.is(await allOf(peer), 'reply');
      await until(() => reasons.length > 0, { ...SOON, what: 'the close' });
      assert.equal(reasons, ['closed by peer']);
    },
  );
});

test('above the high-water mark write says so and takes the bytes; when the peer reads again there is a drain', async () => {
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
          // More than the kernels keep on both sides.
          return !connection.write(piece) && connection.bytesQueued > 16 * piece.length;
        },
        { ...SOON, what: 'back-pressure', intervalMs: 1 },
      );
      assert.is(drains, 0);
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

test('what is shared goes out in its place among what is copied, however large, and is not copied before', async () => {
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

test('while a peer reads on, what is queued for it becomes less, long before all of it is gone', async () => {
  let connection!: Connection;
  await withPeer(
    accepted => {
      connection = accepted;
      accepted.start(ignore);
    },
    async peer => {
      peer.pause();
      await until(() => connection, { ...SOON, what: 'the connection' });
      // More than the kernels keep on both sides.
      connection.write(Buffer.alloc(32 * OUTPUT_HIGH_WATER_BYTES, 1));
      await until(() => connection.bytesQueued < 32 * OUTPUT_HIGH_WATER_BYTES, { ...SOON, what: 'a start' });
      const seen = new Set<number>();
      peer.on('data', () => seen.add(connection.bytesQueued));
      peer.resume();
      await until(() => connection.bytesQueued === 0, { ...SOON, what: 'the end' });
      assert.ok(seen.size > 8, `seen to shrink ${seen.size} times`);
      connection.destroy();
    },
  );
});

test('each write that was too much is followed by a drain, also when the system takes all of it at once', async () => {
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

test('a peer that has sent everything is written to for as long as the server wants, when it says so', async () => {
  let connection!: Connection;
  let ended = false;
  const keeps: ConnectionEvents = {
    ...ignore,
    onEnd: () => {
      ended = true;
      return true;
    },
  };
  await withPeer(
    made => {
      connection = made;
      connection.start(keeps);
    },
    async peer => {
      peer.end('wchp');
      await until(() => ended, { ...SOON, what: 'the end of what the peer sends' });
      connection.write(Buffer.from('one '));
      await once(peer, 'data').then(([chunk]) => assert.is(String(chunk), 'one '));
      connection.write(Buffer.from('two'));
      connection.end();
      assert.is(await allOf(peer), 'two');
    },
  );
});

const LARGE = Buffer.alloc(24 * 1024 * 1024, 'x');

test('limitIdle ends a connection whose peer takes nothing any more', async () => {
  let reason = '';
  await withPeer(
    connection => {
      connection.start({
        ...ignore,
        onClose: why => {
          reason = why;
        },
      });
      connection.limitIdle(300);
      connection.write(LARGE);
    },
    async peer => {
      peer.pause();
      await until(() => reason !== '', { ...SOON, what: 'the end of the connection' });
      assert.is(reason, 'no byte was sent or taken for 300 ms');
    },
  );
});

test('limitIdle leaves a connection whose peer takes a little now and then', async () => {
  let reason = '';
  await withPeer(
    connection => {
      connection.start({
        ...ignore,
        onClose: why => {
          reason = why;
        },
      });
      connection.limitIdle(2_000);
      connection.write(LARGE);
    },
    async peer => {
      let taken = 0;
      peer.on('data', chunk => {
        taken += chunk.length;
        peer.pause();
        setTimeout(() => peer.resume(), 5);
      });
      await until(() => taken === LARGE.length || reason !== '', { ...SOON, what: 'all of it' });
      assert.equal([taken, reason], [LARGE.length, '']);
    },
  );
});

test('a paused connection hands on nothing until it is resumed', async () => {
  let connection!: Connection;
  let got = '';
  await withPeer(
    accepted => {
      connection = accepted;
      accepted.start({
        ...ignore,
        onData: chunk => {
          got += chunk;
          accepted.pause();
        },
      });
    },
    async peer => {
      peer.write('one');
      await until(() => got === 'one', { ...SOON, what: 'the first chunk' });
      peer.write('two');
      await new Promise<void>(resolve => peer.write('', () => setTimeout(resolve, 20)));
      assert.is(got, 'one');
      connection.resume();
      await until(() => got === 'onetwo', { ...SOON, what: 'the second chunk' });
      connection.destroy();
    },
  );
});

test('destroy drops what is queued, closes once with its reason, and later writes do nothing', async () => {
  const reasons: string[] = [];
  await withPeer(
    connection => {
      connection.start({ ...ignore, onClose: reason => reasons.push(reason) });
      connection.write(Buffer.from('never sent'));
      connection.destroy('because');
      assert.is(connection.write(Buffer.from('x')), true);
      connection.end();
      connection.destroy('again');
      assert.equal(reasons, [], 'not inside the call');
    },
    async peer => {
      assert.is(await allOf(peer).catch(() => ''), '');
      await until(() => reasons.length > 0, { ...SOON, what: 'the close' });
      assert.equal(reasons, ['because']);
    },
  );
});

test('after end nothing more is handed on, though the peer goes on sending', async () => {
  const got: string[] = [];
  await withPeer(
    connection =>
      connection.start({
        ...ignore,
        onData: chunk => {
          got.push(String(chunk));
          connection.end();
        },
      }),
    async peer => {
      peer.write('first');
      await until(() => got.length > 0, { ...SOON, what: 'the first chunk' });
      peer.write('second');
      peer.end();
      assert.is(await allOf(peer), '');
      assert.equal(got, ['first']);
    },
  );
});

/** Its timers run when the test says so. */
class HandClock extends NodeClock {
  readonly #due: (() => void)[] = [];

  override after(_delayMs: number, run: () => void): Timer {
    this.#due.push(run);
    return { cancel: () => {} };
  }

  /** As when the time of every timer is over. */
  pass(): void {
    for (const run of this.#due.splice(0)) run();
  }
}

test('field report B4: an answer of megabytes, ended, waits for a peer that pauses; one that never reads is given up', async () => {
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
        // Until the kernels are full.
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

test('a peer that closes its half gets all that is queued for it, and what its owner still writes when told', async () => {
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

test('a dialed connection: exactly one event; refused, it is an error', async () => {
  const listener = await listening(connection => {
    connection.start({ onData: chunk => connection.write(chunk), onClose() {} });
  });
  const events: string[] = [];
  const dial = (port: number): void =>
    void network.connect({ host: LOOPBACK, port }, SOON.deadlineMs, {
      onConnected: connection => {
        events.push('connected');
        connection.start({
          onData: chunk => {
            events.push(String(chunk));
            connection.end();
          },
          onClose: reason => events.push(reason),
        });
        connection.write(Buffer.from('echo'));
      },
      onError: error => events.push((error as NodeJS.ErrnoException).code ?? error.message),
    });
  dial(listener.port);
  await until(() => events.length === 3, { ...SOON, what: 'the echo' });
  assert.equal(events, ['connected', 'echo', 'closed here']);
  const { port } = listener;
  listener.close();
  events.length = 0;
  dial(port);
  await until(() => events.length === 1, { ...SOON, what: 'the refusal' });
  assert.equal(events, ['ECONNREFUSED']);
});

test('a dial that gets no answer ends in time; a cancelled one makes no event at all', async () => {
  // Loopback answers every dial: the limit is over before the loop can see the answer.
  const listener = await listening(connection => connection.start(ignore));
  const events: string[] = [];
  const record = {
    onConnected: (connection: Connection) => {
      connection.destroy();
      events.push('connected');
    },
    onError: (error: Error) => events.push(error.message),
  };
  network.connect({ host: LOOPBACK, port: listener.port }, 1000, record).cancel();
  const busyUntil = performance.now() + 20;
  network.connect({ host: LOOPBACK, port: listener.port }, 1, record);
  while (performance.now() < busyUntil);
  await until(() => events.length > 0, { ...SOON, what: 'the timeout' });
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.is(events.length, 1);
  assert.ok(['no connection within 1 ms', 'connected'].includes(events[0]!), events[0]);
  listener.close();
});

test('the link map is applied at dial time, to whatever address is dialed in the end', async () => {
  let accepted = 0;
  const listener = await listening(connection => {
    accepted++;
    connection.destroy();
  });
  const file = join(temporaryFolder(), 'links.json');
  writeFileSync(file, JSON.stringify({ 'not-a-host.invalid:2888': `${LOOPBACK}:${listener.port}` }));
  const mapped = new NodeNetwork(clock, names, new LinkMap(file, silent));
  let connection: Connection | undefined;
  mapped.connect({ host: 'not-a-host.invalid', port: 2888 }, SOON.deadlineMs, {
    onConnected: made => {
      connection = made;
    },
    onError: error => {
      throw error;
    },
  });
  await until(() => accepted === 1 && connection, { ...SOON, what: 'the mapped connection' });
  assert.is(connection!.remote.port, listener.port);
  connection!.destroy();
  listener.close();
});

test('a taken port is an error, not a throw', async () => {
  const listener = await listening(() => {});
  const [error] = await new Promise<[Error]>(resolve => {
    network.listen(
      { host: LOOPBACK, port: listener.port },
      { onListening() {}, onConnection() {}, onError: e => resolve([e]) },
    );
  });
  assert.match(error.message, /EADDRINUSE/);
  listener.close();
});
