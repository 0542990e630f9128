import { assert, suite, until } from '#test';
import type { Address } from '../../../server/runtime/runtime.ts';
import { Dialed } from '../../testing/dialed.ts';
import { EchoServer } from '../../testing/echo-server.ts';
import { SocksGateway } from './gateway.ts';

const test = suite('mesh: SOCKS server');
const SOON = { deadlineMs: 30_000 };
const GREETING = Buffer.from([5, 1, 0]);
/** What the members know, and what their link maps make of it. */
const KNOWN = Buffer.from([5, 1, 0, 1, 127, 77, 1, 2, 0x0b, 0x48]);
const ACCEPTED = Buffer.from([5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

test('a dial goes where the link map says, with all that is sent at once behind it', async () => {
  await withGateway(async ({ echo, dialed, dial }) => {
    const client = await dial();
    client.send(Buffer.concat([GREETING, KNOWN, Buffer.from('hasty')]));
    await client.until(() => client.receivedBytes === ACCEPTED.length + 5);
    assert.is(client.received.toString('latin1'), `${ACCEPTED.toString('latin1')}hasty`);
    assert.equal(dialed, [{ host: '127.77.1.2', port: 2888 }]);
    const data = Buffer.alloc(300_000, 'x');
    await client.roundTrip(data);
    assert.is(echo.connections, 1);
    client.socket.end();
    await client.untilClosed();
    await until(() => echo.closedConnections === 1, { ...SOON, what: 'the end on the other side' });
  });
});

test('a handshake in single bytes is the same', async () => {
  await withGateway(async ({ dial }) => {
    const client = await dial();
    for (const byte of Buffer.concat([GREETING, KNOWN])) {
      client.send(Buffer.from([byte]));
      await new Promise(resolve => setImmediate(resolve));
    }
    await client.until(() => client.receivedBytes === ACCEPTED.length);
    await client.roundTrip('x');
    client.close();
  });
});

test('a refused dial is told as refused, and the connection ends', async () => {
  await withGateway(async ({ echo, dial }) => {
    await echo.close();
    const client = await dial();
    client.send(Buffer.concat([GREETING, KNOWN]));
    await client.untilClosed();
    assert.equal([...client.received.subarray(0, 4)], [5, 0, 5, 5]);
  });
});

test('a reset of either side resets the other', async () => {
  await withGateway(async ({ echo, dial }) => {
    const first = await dial();
    first.send(Buffer.concat([GREETING, KNOWN]));
    await first.until(() => first.receivedBytes === ACCEPTED.length);
    await first.roundTrip('x');
    first.socket.resetAndDestroy();
    await until(() => echo.closedConnections === 1, { ...SOON, what: 'the reset on the other side' });
    const second = await dial();
    second.send(Buffer.concat([GREETING, KNOWN]));
    await second.until(() => second.receivedBytes === ACCEPTED.length);
    await second.roundTrip('x');
    echo.resetAll();
    await second.untilClosed();
    assert.is(second.errorCode, 'ECONNRESET');
  });
});

test('a client that speaks another protocol, or sends too much, is closed', async () => {
  await withGateway(async ({ dial }) => {
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.concat([GREETING, Buffer.from([5, 1, 0, 9])]),
    ]) {
      const client = await dial();
      client.send(bytes);
      await client.untilClosed();
    }
  });
});

async function withGateway(
  body: (bench: { echo: EchoServer; dialed: Address[]; dial: () => Promise<Dialed> }) => Promise<void>,
): Promise<void> {
  const echo = await EchoServer.listen();
  const dialed: Address[] = [];
  const gateway = await SocksGateway.listen({
    translate(address) {
      dialed.push(address);
      return { host: '127.0.0.1', port: echo.port };
    },
  });
  try {
    await body({ echo, dialed, dial: () => Dialed.to(`127.0.0.1:${gateway.port}`) });
  } finally {
    await gateway.close();
    await echo.close();
  }
}
