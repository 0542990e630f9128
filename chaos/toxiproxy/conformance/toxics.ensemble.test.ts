import { randomBytes } from 'node:crypto';
import { assert, until } from '#test';
import { Dialed } from '../../testing/dialed.ts';
import type { ToxicRequest } from '../client.ts';
import { type Bench, conformance } from './subject.ts';

/**
 * Compares what each toxic of the stand-in does to bytes with Toxiproxy itself. Time limits are lower bounds,
 * or upper bounds with seconds to spare, so that a loaded machine does not fail them. They cannot show that
 * delays are exact.
 */
const WAIT = { deadlineMs: 60_000 };
const LONG_MS = 60_000;

conformance('toxiproxy toxics', test => {
  test('without toxics a megabyte passes unchanged, both ways', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    const data = randomBytes(1_000_000);
    await connection.roundTrip(data);
    assert.ok(connection.received.equals(data));
    connection.close();
  });

  test('a client of a dead upstream is closed', async ({ client, echo }) => {
    const [proxy] = await client.populate([{ name: 'a', listen: '127.0.0.1:0', upstream: echo.address }]);
    await echo.close();
    const connection = await Dialed.to(proxy!.listen);
    await connection.untilClosed();
    assert.is(connection.receivedBytes, 0);
  });

  test('there are no half-open connections: the end of one side ends the other', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    await connection.roundTrip('x');
    connection.socket.end();
    await connection.untilClosed();
    await until(() => bench.echo.closedConnections === 1, { ...WAIT, what: 'the upstream to be closed' });
  });

  test('latency delays each direction; two of them add up; updates and removal reach live connections', async bench => {
    const { client } = bench;
    const connection = await Dialed.to(await bench.proxy('a'));
    await add(bench, 'latency', 'upstream', { latency: 100 });
    assert.ok((await connection.roundTrip('x')) >= 95);
    await add(bench, 'latency', 'downstream', { latency: 100 });
    assert.ok((await connection.roundTrip('x')) >= 195);
    await bench.request('POST', '/proxies/a/toxics', {
      name: 'second',
      type: 'latency',
      stream: 'upstream',
      attributes: { latency: 100 },
    });
    assert.ok((await connection.roundTrip('x')) >= 295);
    for (const toxic of ['latency_upstream', 'second']) await client.removeToxic('a', toxic);
    await client.updateToxic('a', 'latency_downstream', { latency: LONG_MS });
    connection.send('y');
    await until(() => bench.echo.receivedBytes === 4, { ...WAIT, what: 'the bytes to reach the upstream' });
    assert.is(connection.receivedBytes, 3);
    await client.removeToxic('a', 'latency_downstream');
    await connection.until(() => connection.receivedBytes === 4);
    connection.close();
  });

  test('shortening a latency releases the bytes it holds', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    await add(bench, 'latency', 'upstream', { latency: LONG_MS });
    connection.send('x');
    await bench.client.updateToxic('a', 'latency_upstream', { latency: 0 });
    await connection.until(() => connection.receivedBytes === 1);
    connection.close();
  });

  test('jitter never changes the order of bytes', async bench => {
    await bench.proxy('a');
    await add(bench, 'latency', 'upstream', { latency: 10, jitter: 10 });
    const connection = await Dialed.to((await bench.client.proxies())[0]!.listen);
    const lines = Array.from({ length: 50 }, (_, index) => `${index}\n`);
    for (const line of lines) {
      connection.send(line);
      await new Promise(resolve => setImmediate(resolve));
    }
    const text = lines.join('');
    await connection.until(() => connection.receivedBytes === text.length);
    assert.is(connection.received.toString(), text);
    connection.close();
  });

  test('bandwidth passes its rate in pieces; after its removal the rest passes at once', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    await add(bench, 'bandwidth', 'downstream', { rate: 100 });
    const data = randomBytes(50_000);
    const tookMs = await connection.roundTrip(data);
    assert.ok(tookMs >= 350, `50 KB at 100 KB/s took ${tookMs} ms`);
    assert.ok(connection.received.equals(data));
    await bench.client.updateToxic('a', 'bandwidth_downstream', { rate: 1 });
    connection.send(data);
    await until(() => bench.echo.receivedBytes === 100_000, { ...WAIT, what: 'the upstream to have it' });
    assert.ok(connection.receivedBytes < 60_000);
    await bench.client.removeToxic('a', 'bandwidth_downstream');
    await connection.until(() => connection.receivedBytes === 100_000);
    connection.close();
  });

  test('slow_close passes bytes at once and the close late; its removal closes the connection', async bench => {
    const listen = await bench.proxy('a');
    await add(bench, 'slow_close', 'upstream', { delay: 200 });
    const closes = async (count: number) =>
      until(() => bench.echo.closedConnections === count, { ...WAIT, what: `close ${count} upstream` });
    const first = await Dialed.to(listen);
    await first.roundTrip('x');
    const start = performance.now();
    first.close();
    await closes(1);
    assert.ok(performance.now() - start >= 195);

    await bench.client.updateToxic('a', 'slow_close_upstream', { delay: LONG_MS });
    const second = await Dialed.to(listen);
    await second.roundTrip('x');
    second.close();
    await bench.client.removeToxic('a', 'slow_close_upstream');
    await closes(2);
  });

  test('timeout drops bytes and closes after its time', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    await connection.roundTrip('x');
    await add(bench, 'timeout', 'upstream', { timeout: 150 });
    const start = performance.now();
    connection.send('lost');
    await connection.untilClosed();
    assert.ok(performance.now() - start >= 120);
    assert.is(bench.echo.receivedBytes, 1);
  });

  test('timeout 0 drops bytes of its direction only, keeps the connection, and closes it when removed', async bench => {
    const listen = await bench.proxy('a');
    const connection = await Dialed.to(listen);
    await connection.roundTrip('x');
    await add(bench, 'timeout', 'downstream', { timeout: 0 });
    connection.send('lost on the way back');
    await until(() => bench.echo.receivedBytes === 21, { ...WAIT, what: 'the way there to be open' });
    assert.equal([connection.receivedBytes, connection.closed], [1, false]);
    const late = await Dialed.to(listen);
    late.send('x');
    await until(() => bench.echo.receivedBytes === 22, { ...WAIT, what: 'the second connection to work' });
    await bench.client.removeToxic('a', 'timeout_downstream');
    await connection.untilClosed();
    await late.untilClosed();
    assert.equal([connection.receivedBytes, late.receivedBytes], [1, 0]);
  });

  test('a timeout of a month does not close at once', async bench => {
    const listen = await bench.proxy('a');
    const month = { timeout: 31 * 24 * 3_600_000 };
    await add(bench, 'timeout', 'downstream', month);
    const held = await Dialed.to(listen);
    held.send('x');
    await until(() => bench.echo.receivedBytes === 1, { ...WAIT, what: 'the bytes to reach the upstream' });
    await bench.client.addToxic('a', {
      name: 'r',
      type: 'reset_peer',
      stream: 'upstream',
      attributes: month,
    });
    const reset = await Dialed.to(listen);
    reset.send('x');
    // A timer that fires at once would have closed both long before the last answer.
    for (let asked = 0; asked < 20; asked++) await bench.client.proxies();
    assert.equal([held.closed, reset.closed], [false, false]);
    held.close();
    reset.close();
  });

  test('500 connections at once, each with its own bytes', async bench => {
    const listen = await bench.proxy('a');
    await add(bench, 'latency', 'upstream', { latency: 20 });
    const connections = await Promise.all(Array.from({ length: 500 }, () => Dialed.to(listen)));
    await Promise.all(connections.map((connection, index) => connection.roundTrip(`of ${index}.`)));
    for (const [index, connection] of connections.entries()) {
      assert.is(connection.received.toString(), `of ${index}.`);
      connection.close();
    }
  });

  test('a toxicity of 0.5 affects about half of the connections', async bench => {
    const listen = await bench.proxy('a');
    const toxic = { type: 'limit_data', stream: 'downstream', toxicity: 0.5, attributes: { bytes: 0 } };
    await bench.request('POST', '/proxies/a/toxics', toxic);
    const connections = await Promise.all(Array.from({ length: 200 }, () => Dialed.to(listen)));
    for (const connection of connections) connection.send('x');
    await Promise.all(connections.map(each => each.until(() => each.closed || each.receivedBytes === 1)));
    const passed = connections.filter(each => each.receivedBytes === 1).length;
    // 100 expected, with a standard deviation of 7.
    assert.ok(passed > 50 && passed < 150, `${passed} of 200 passed`);
    for (const connection of connections) connection.close();
  });

  test('reset_peer resets connections made after it, once bytes arrive and its time is over', async bench => {
    const listen = await bench.proxy('a');
    await add(bench, 'reset_peer', 'upstream', { timeout: 100 });
    const connection = await Dialed.to(listen);
    const start = performance.now();
    connection.send('lost');
    await connection.untilClosed();
    assert.is(connection.errorCode, 'ECONNRESET');
    assert.ok(performance.now() - start >= 95);
    assert.is(bench.echo.receivedBytes, 0);
  });

  test('reset_peer ends an older connection without RST', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    await connection.roundTrip('x');
    await add(bench, 'reset_peer', 'upstream', { timeout: 0 });
    connection.send('lost');
    await connection.untilClosed();
    assert.is(connection.errorCode, undefined);
    assert.is(bench.echo.receivedBytes, 1);
  });

  test('slicer cuts and spaces the bytes but keeps them', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    await add(bench, 'slicer', 'downstream', { average_size: 64, size_variation: 32, delay: 2000 });
    const data = randomBytes(2048);
    const sent: Buffer[] = [];
    let mostPieces = 0;
    // A reader that a busy machine holds up finds several pieces as one, and then asks for more.
    for (let attempt = 0; attempt < 20 && mostPieces <= 4; attempt++) {
      const before = connection.pieces.length;
      const tookMs = await connection.roundTrip(data);
      sent.push(data);
      mostPieces = Math.max(mostPieces, connection.pieces.length - before);
      assert.ok(tookMs >= 35, `about 32 pieces 2 ms apart took ${tookMs} ms`);
    }
    assert.ok(connection.received.equals(Buffer.concat(sent)));
    assert.ok(mostPieces > 4, `${mostPieces} pieces`);
    connection.close();
  });

  test('limit_data passes its number of bytes on each connection, then closes it', async bench => {
    const listen = await bench.proxy('a');
    await add(bench, 'limit_data', 'downstream', { bytes: 10 });
    for (const _ of [1, 2]) {
      const connection = await Dialed.to(listen);
      connection.send('123456');
      await connection.until(() => connection.receivedBytes === 6);
      connection.send('789abcdef');
      await connection.untilClosed();
      assert.is(connection.received.toString(), '123456789a');
    }
  });

  test('limit_data keeps its count when its limit changes', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    await add(bench, 'limit_data', 'downstream', { bytes: 10 });
    await connection.roundTrip('123456');
    await bench.client.updateToxic('a', 'limit_data_downstream', { bytes: 8 });
    connection.send('789');
    await connection.untilClosed();
    assert.is(connection.received.toString(), '12345678');
  });

  test('a toxicity of 0 has no effect; a change to 1 reaches live connections', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    const toxic = { type: 'limit_data', stream: 'downstream', toxicity: 0, attributes: { bytes: 1 } };
    await bench.request('POST', '/proxies/a/toxics', toxic);
    await connection.roundTrip('passes');
    await bench.request('POST', '/proxies/a/toxics/limit_data_downstream', { toxicity: 1 });
    connection.send('does not');
    await connection.untilClosed();
    assert.is(connection.received.toString(), 'passesd');
  });

  test('toxics of one direction act in the order in which they were added', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    await add(bench, 'limit_data', 'downstream', { bytes: 4 });
    await add(bench, 'latency', 'downstream', { latency: 150 });
    const start = performance.now();
    connection.send('12345678');
    await connection.untilClosed();
    assert.is(connection.received.toString(), '1234');
    assert.ok(performance.now() - start >= 145);
  });

  test('removing one of three toxics leaves the others in effect', async bench => {
    const connection = await Dialed.to(await bench.proxy('a'));
    await add(bench, 'slow_close', 'upstream', { delay: 0 });
    await add(bench, 'latency', 'upstream', { latency: 100 });
    await add(bench, 'slicer', 'upstream', { average_size: 100, size_variation: 0, delay: 0 });
    await bench.client.removeToxic('a', 'slow_close_upstream');
    assert.ok((await connection.roundTrip('x')) >= 95);
    await bench.client.removeToxic('a', 'slicer_upstream');
    assert.ok((await connection.roundTrip('x')) >= 95);
    await bench.client.removeToxic('a', 'latency_upstream');
    await connection.roundTrip('x');
    connection.close();
  });
});

async function add(
  bench: Bench,
  type: ToxicRequest['type'],
  stream: ToxicRequest['stream'],
  attributes: ToxicRequest['attributes'],
): Promise<void> {
  await bench.client.addToxic('a', { name: `${type}_${stream}`, type, stream, attributes });
}
