import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { LinkMap } from '../addresses/link-map.ts';
import { NameLookup } from '../addresses/name-lookup.ts';
import type { Connection, ConnectionEvents } from '../runtime.ts';
import { NodeNetwork } from './node-network.ts';
import {
  allOf,
  clock,
  ignore,
  LOOPBACK,
  listening,
  names,
  network,
  SOON,
  silent,
  withPeer,
} from './node-peer.test-kit.ts';

const test = suite('runtime: TCP on Node.js');

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

test('everything written in a turn leaves in one write, in order; later parts are copied when written', async () => {
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

test('requests of a peer that then closes its half are answered: echo ruok | socat', async () => {
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

test('a peer that closes gets the answers that are due, and the connection closes by itself, once', async () => {
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
test('the server may write to a peer that has finished for as long as it wants, when it asks to', async () => {
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

test('limitIdle ends a connection whose peer stops reading', async () => {
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

test('limitIdle spares a connection whose peer reads a little now and then', async () => {
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

test('after end nothing more is handed on, though the peer keeps sending', async () => {
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

test('a dial without an answer ends in time; a cancelled one makes no event at all', async () => {
  // Loopback answers every dial, so the timeout passes before the loop can see the answer.
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

test('the link map applies at dial time, to the address that is finally dialed', async () => {
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

test('the addresses of a name are written as those of connections are; a name that nobody knows has none', async () => {
  const answers = new Map([['known', ['127.0.0.1', '::ffff:127.0.0.1', '::1']]]);
  const some = new NameLookup(silent, (host, done) => {
    const found = answers.get(host);
    const addresses = (found ?? []).map(address => ({ address }));
    setImmediate(() => done(found === undefined ? new Error('unknown') : null, addresses));
  });
  const addressesOf = (host: string) =>
    new Promise<readonly string[]>(resolve => void new NodeNetwork(clock, some).addressesOf(host, resolve));
  let from = '';
  await withPeer(
    connection => {
      from = connection.remote.host;
      connection.start(ignore);
    },
    async () => {
      await until(() => from !== '', { ...SOON, what: 'the connection' });
      assert.equal(await addressesOf('known'), [from, '0:0:0:0:0:0:0:1']);
      assert.equal(await addressesOf('unknown'), []);
    },
  );
});
