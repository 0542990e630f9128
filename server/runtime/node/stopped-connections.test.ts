/** A connection that is started, stopped and started again, on Node.js and simulated. */
import { assert, suite } from '#test';
import { type World, worlds } from '../both-networks.test-kit.ts';
import type { Connection } from '../runtime.ts';
import { LOOPBACK, SOON } from './node-peer.test-kit.ts';

const test = suite('runtime: connections that change hands');

/** Both ends of a connection; the far end is not started. */
async function ends({ network, wait }: World): Promise<{ near: Connection; far: Connection; leave(): void }> {
  let port = 0;
  let near: Connection | undefined;
  let far: Connection | undefined;
  const onError = (error: Error) => assert.unreachable(error.message);
  const listener = network.listen(
    { host: LOOPBACK, port: 0 },
    {
      onListening: at => {
        port = at;
      },
      onConnection: connection => {
        far = connection;
      },
      onError,
    },
  );
  await wait(() => port > 0, 'the port');
  const onConnected = (connection: Connection) => {
    near = connection;
    connection.start({ onData() {}, onClose() {} });
  };
  network.connect({ host: LOOPBACK, port }, SOON.deadlineMs, { onConnected, onError });
  await wait(() => near !== undefined && far !== undefined, 'both ends');
  return {
    near: near!,
    far: far!,
    leave() {
      listener.close();
      near?.destroy();
      far?.destroy();
    },
  };
}

class Receiver {
  said = '';
  closed: string | null = null;
  readonly onData = (chunk: Buffer): void => {
    this.said += chunk.toString();
  };
  readonly onClose = (reason: string): void => {
    this.closed = reason;
  };
}

for (const world of worlds()) {
  test(`${world.name}: what was read too early comes again, first and once, and the rest behind it`, async () => {
    const { near, far, leave } = await ends(world);
    const later = new Receiver();
    let early = '';
    far.start({
      onData(chunk) {
        early += chunk.toString();
        if (early.length < 6) return;
        far.stop(Buffer.from(early.slice(3)));
        far.start(later);
        near.write(Buffer.from('ghi'));
        assert.is(later.said, '', 'not within the call');
      },
      onClose() {},
    });
    near.write(Buffer.from('abcdef'));
    await world.wait(() => later.said.length >= 6, 'the rest');
    assert.is(later.said, 'defghi');
    far.write(Buffer.from('answer'));
    near.end();
    await world.wait(() => later.closed !== null, 'the end');
    assert.equal([later.said, later.closed], ['defghi', 'closed by peer']);
    leave();
  });

  test(`${world.name}: whoever starts a connection after the peer has ended it is told so, behind the data`, async () => {
    const { near, far, leave } = await ends(world);
    let early = '';
    let isStopped = false;
    far.start({
      onData(chunk) {
        early += chunk.toString();
      },
      onEnd() {
        far.stop(Buffer.from(early));
        isStopped = true;
        return true;
      },
      onClose() {},
    });
    near.write(Buffer.from('all'));
    near.end();
    await world.wait(() => isStopped, 'the end');
    const later = new Receiver();
    far.start(later);
    await world.wait(() => later.closed !== null, 'the end again');
    assert.equal([later.said, later.closed], ['all', 'closed by peer']);
    leave();
  });

  test(`${world.name}: nothing is read while it is stopped`, async () => {
    const { near, far, leave } = await ends(world);
    let isStopped = false;
    let lost = '';
    far.start({
      onData(chunk) {
        if (isStopped) lost += chunk.toString();
        isStopped = true;
        far.stop(Buffer.alloc(0));
      },
      onClose() {},
    });
    near.write(Buffer.from('a'));
    await world.wait(() => isStopped, 'the first byte');
    near.write(Buffer.from('bc'));
    near.write(Buffer.from('d'));
    // It takes several turns to connect.
    (await ends(world)).leave();
    const later = new Receiver();
    far.start(later);
    await world.wait(() => later.said.length >= 3, 'the rest');
    assert.equal([later.said, lost], ['bcd', '']);
    leave();
  });

  test(`${world.name}: one that was closed while it was stopped says so when it is started`, async () => {
    const { near, far, leave } = await ends(world);
    let isStopped = false;
    far.start({
      onData() {
        far.stop(Buffer.from('x'));
        isStopped = true;
      },
      onClose: () => assert.unreachable('it was stopped'),
    });
    near.write(Buffer.from('a'));
    await world.wait(() => isStopped, 'the stop');
    far.destroy('no need');
    const later = new Receiver();
    far.start(later);
    await world.wait(() => later.closed !== null, 'the end');
    assert.is(later.closed, 'no need');
    leave();
  });
}
