import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { assert, suite } from '#test';
import { optionsOf, runHttpLoad } from './http.ts';

const test = suite('load: HTTP');

const SPEC = { url: 'http://127.0.0.1:1/', connections: 2, durationMs: 1_000 };

async function withServer(status: number, body: (url: string) => Promise<void>): Promise<void> {
  const server = http.createServer((_, response) => response.writeHead(status).end('{}'));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}/commands/ruok`);
  } finally {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  }
}

test("autocannon's invented samples are switched off, and its other distortions are reported", async () => {
  assert.is(optionsOf({ ...SPEC, ratePerSecond: 50 }).ignoreCoordinatedOmission, true);
  await withServer(200, async url => {
    const startMs = performance.now();
    const result = await runHttpLoad({ ...SPEC, url, ratePerSecond: 50 });
    // autocannon sends the requests of a second at its start, so the maximum is that of one more second than
    // the run took.
    const requestsMax = 50 * (Math.ceil((performance.now() - startMs) / 1_000) + 1);
    assert.ok(result.ok > 0 && result.ok <= requestsMax, `${result.ok} of ${requestsMax} at 50/s`);
    assert.is(result.latencyMs.p99, undefined);
    assert.ok(result.distortions.some(text => /burst/.test(text)));
    assert.equal(result.voidReasons, []);
  });
});

test('answers that are all errors void the run', () =>
  withServer(500, async url => {
    const result = await runHttpLoad({ ...SPEC, url, ratePerSecond: 20 });
    assert.is(result.ok, 0);
    assert.ok(result.non2xx > 0);
    assert.match(result.voidReasons[0]!, /no request to .* was answered with 2xx/);
  }));

test('without a rate the load is as fast as the answers, until the end or a signal', () =>
  withServer(200, async url => {
    const { ok, voidReasons, distortions } = await runHttpLoad({ ...SPEC, url });
    assert.ok(ok > 10, `${ok} requests`);
    assert.equal(voidReasons, []);
    assert.not.ok(distortions.some(text => /burst/.test(text)));
    const ended = new AbortController();
    const load = runHttpLoad({ ...SPEC, url, durationMs: 60_000, signal: ended.signal });
    ended.abort();
    await load;
  }));

test('an address outside loopback is refused, unless a host of the lab gave it', async () => {
  const url = 'http://192.0.2.1/';
  const error = await runHttpLoad({ ...SPEC, url }).catch((caught: unknown) => caught as Error);
  assert.match((error as Error).message, /only loopback is loaded, and members that the lab started/);
  const given = { ...SPEC, url, machine: 'a second machine', signal: AbortSignal.abort() };
  const ended = await runHttpLoad(given).catch((caught: unknown) => caught as Error);
  assert.is((ended as Error).name, 'AbortError');
});
