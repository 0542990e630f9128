import { createServer, type Socket } from 'node:net';
import { assert, suite } from '#test';
import { EchoServer } from '../testing/echo-server.ts';
import type { Link } from './link.ts';
import { exchange, fastest, quartile, REQUEST_BYTES_MAX, type Reading, requestOf } from './measure.ts';

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
    async address => {
      const { outcome, byReset } = await exchange(address, PING, 5000);
      assert.equal([outcome, byReset], ['closed', true]);
    },
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
  const late = () => script(...Array.from({ length: 9 }, () => answered(4_500)));
  assert.is((await fastest(late(), link, 1, { atLeast: 9 })).exchanges, 3, 'nor for more than ten seconds');
});

test('an exchange without a request ends its stream and waits for the end of the other', async () => {
  await withServer(
    socket => socket.resume(),
    async address => {
      const ended = await exchange(address, undefined, 5000);
      assert.is(ended.outcome, 'closed');
    },
  );
});

test('planted: as many bytes as asked for are waited for', async () => {
  await withServer(
    socket => socket.once('data', () => socket.write('123')),
    async address => {
      assert.is((await exchange(address, PING, 5000, 3)).outcome, 'answered');
      assert.is((await exchange(address, PING, 50, 4)).outcome, 'silent');
    },
  );
});

test('a quartile is not the fastest, and that of the fastest series counts', async () => {
  const series = (from: number) => Array.from({ length: 24 }, (_, at) => from + at);
  const scripted = (times: number[]) => async (): Promise<Reading> => ({
    outcome: 'answered',
    rttMs: times.shift()!,
  });
  const answered = { outcome: 'answered', rttMs: 7, exchanges: 24 };
  assert.equal(await quartile(scripted(series(1)), link, 1, { atLeast: 1 }), answered);
  const below = { atLeast: 1, until: ({ rttMs }: Reading) => rttMs! < 10 };
  const slowFirst = () => scripted([...series(50), ...series(1), ...series(20)]);
  assert.equal(await quartile(slowFirst(), link, 1, below), { ...answered, exchanges: 48 });
  assert.is((await quartile(slowFirst(), link, 1, { atLeast: 96 })).rttMs, 7, 'as many series as before');
});

test('a request has the size that was asked for, where its port takes one', () => {
  for (const bytes of [64, 1000, REQUEST_BYTES_MAX]) {
    assert.is(requestOf('client', bytes).length, bytes);
    assert.is(requestOf('quorum', bytes).length, bytes);
    assert.is(requestOf('election', bytes).length, 8);
  }
  assert.is(requestOf('quorum', 1_000_000).length, REQUEST_BYTES_MAX);
  assert.is(requestOf('client', 1000).readInt32BE(0), 996, 'one frame');
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
