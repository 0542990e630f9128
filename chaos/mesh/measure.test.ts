import { createServer, type Socket } from 'node:net';
import { assert, suite } from '#test';
import { EchoServer } from '../testing/echo-server.ts';
import type { Link } from './link.ts';
import { exchange, fastest, type Reading, requestOf } from './measure.ts';

const test = suite('mesh: measurement of a link');
const PING = Buffer.from('ping');
const link: Link = { name: 'a.b.quorum', from: 'a', to: 'b', kind: 'quorum', address: '', proxied: '' };

test('an answer, a close, a refusal and silence are told apart', async () => {
  const echo = await EchoServer.listen();
  const answered = await exchange(echo.address, PING, 5000);
  assert.is(answered.outcome, 'answered');
  assert.ok(answered.rttMs! >= 0);
  await echo.close();
  assert.equal(await exchange(echo.address, PING, 5000), { outcome: 'refused', rttMs: null });

  await withServer(
    socket => socket.once('data', () => socket.end()),
    async address => assert.is((await exchange(address, PING, 5000)).outcome, 'closed'),
  );
  await withServer(
    socket => socket.once('data', () => socket.resetAndDestroy()),
    async address => assert.is((await exchange(address, PING, 5000)).outcome, 'closed'),
  );
  await withServer(
    socket => socket.resume(),
    async address => assert.equal(await exchange(address, PING, 50), { outcome: 'silent', rttMs: null }),
  );
});

test('the fastest of several exchanges counts, unless one has another outcome', async () => {
  const script =
    (...readings: Reading[]) =>
    async () =>
      readings.shift()!;
  const answered = (rttMs: number): Reading => ({ outcome: 'answered', rttMs });
  const silent: Reading = { outcome: 'silent', rttMs: null };
  const three = { atLeast: 3 };
  assert.equal(await fastest(script(answered(3), answered(1), answered(2)), link, 1, three), {
    ...answered(1),
    exchanges: 3,
  });
  assert.equal(await fastest(script(answered(3), silent), link, 1, three), { ...silent, exchanges: 2 });
  assert.equal(await fastest(script(silent), link, 1, three), { ...silent, exchanges: 1 });
  const below = (ms: number) => ({ atLeast: 2, atMost: 4, until: (best: Reading) => best.rttMs! < ms });
  const slow = () => script(answered(9), answered(7), answered(2), answered(8));
  assert.is((await fastest(slow(), link, 1, below(5))).exchanges, 3, 'until one is fast enough');
  assert.is((await fastest(slow(), link, 1, below(10))).exchanges, 2, 'as often as asked at least');
  assert.is((await fastest(slow(), link, 1, below(1))).exchanges, 4, 'and never more than at most');
});

test('each port gets a request that its owner answers', () => {
  assert.is(requestOf('client').toString(), 'srvr');
  assert.is(requestOf('election').toString('hex'), 'ffffffffffffffff');
  // type 16, zxid 0, 20 bytes {sid, version 0x10000, configuration 0}, no authinfo
  const golden = /^00000010(?:00){8}00000014(f{8}[0-9a-f]{8})00010000(?:00){8}f{8}$/;
  const sids = ['quorum', 'observerMaster', 'quorum'].map(
    kind => golden.exec(requestOf(kind as 'quorum').toString('hex'))?.[1],
  );
  assert.is(
    new Set(sids).size,
    3,
    'negative, and another each time: a master closes the earlier of two alike',
  );
  assert.not.ok(sids.includes(undefined));
});

async function withServer(
  serve: (socket: Socket) => void,
  body: (address: string) => Promise<void>,
): Promise<void> {
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => {}));
    serve(socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    await body(`127.0.0.1:${(server.address() as { port: number }).port}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  }
}
