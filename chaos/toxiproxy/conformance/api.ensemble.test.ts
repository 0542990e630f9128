import { assert, until } from '#test';
import { Dialed } from '../../testing/dialed.ts';
import type { ToxiproxyRequestError } from '../client.ts';
import { type Answer, type Bench, conformance } from './subject.ts';

/**
 * Compares the HTTP API of the stand-in with Toxiproxy itself: status codes, bodies, defaults. Of an error's
 * text only the part before the first detail is compared, because Go and Node word the rest differently.
 */
conformance('toxiproxy API', test => {
  test('GET /version answers JSON', async ({ request }) => {
    const { status, json } = await request('GET', '/version');
    assert.is(status, 200);
    assert.type((json as { version: unknown }).version, 'string');
  });

  test('a proxy is created, shown, listed and removed; a port of 0 becomes the real port', async bench => {
    const { request, echo } = bench;
    const created = await request('POST', '/proxies', proxyOf('a', echo.address));
    assert.is(created.status, 201);
    const { listen } = created.json as { listen: string };
    assert.match(listen, /^127\.0\.0\.1:[1-9]\d+$/);
    const state = { name: 'a', listen, upstream: echo.address, enabled: true, toxics: [] };
    assert.equal(known(created.json), state);
    assert.equal(known((await request('GET', '/proxies/a')).json), state);
    const list = (await request('GET', '/proxies')).json as Record<string, unknown>;
    assert.equal(Object.keys(list), ['a']);
    assert.equal(known(list.a), state);

    const removed = await request('DELETE', '/proxies/a');
    assert.is(removed.status, 204);
    assert.is(removed.text, '');
    refused(await request('GET', '/proxies/a'), 404, 'proxy not found');
    assert.is((await Dialed.to(listen)).errorCode, 'ECONNREFUSED');
  });

  test('a proxy can be created disabled', async ({ request, echo }) => {
    const body = { ...proxyOf('a', echo.address), enabled: false };
    const created = await request('POST', '/proxies', body);
    assert.is((created.json as { enabled: boolean }).enabled, false);
  });

  test('a request that cannot be served is refused with the right status and text', async bench => {
    const { request, echo } = bench;
    await bench.proxy('a');
    await request('POST', '/proxies/a/toxics', { type: 'latency' });
    const toxics = '/proxies/a/toxics';
    const rows: [string, string, unknown, number, string][] = [
      ['POST', '/proxies', '', 400, 'bad request body'],
      ['POST', '/proxies', '{"name":', 400, 'bad request body'],
      ['POST', '/proxies', { name: 7 }, 400, 'bad request body'],
      ['POST', '/proxies', { upstream: echo.address }, 400, 'missing required field: name'],
      ['POST', '/proxies', { name: 'b' }, 400, 'missing required field: upstream'],
      ['POST', '/proxies', proxyOf('a', echo.address), 409, 'proxy already exists'],
      ['PATCH', '/proxies/a', '[]', 400, 'bad request body'],
      ['POST', '/populate', '{}', 400, 'bad request body'],
      ['POST', '/populate', [proxyOf('b', echo.address), {}], 400, 'missing required field: name at proxy 2'],
      ['POST', '/populate', [{ name: 'b' }], 400, 'missing required field: upstream at proxy 1'],
      ['POST', toxics, '', 400, 'bad request body'],
      ['POST', toxics, { type: 'latency', stream: 'sideways' }, 400, 'stream was invalid'],
      ['POST', toxics, { type: 'gremlin' }, 400, 'invalid toxic type'],
      ['POST', toxics, {}, 400, 'invalid toxic type'],
      ['POST', toxics, { type: 'latency' }, 409, 'toxic already exists'],
      ['POST', toxics, { type: 'slicer', attributes: { delay: 'x' } }, 400, 'bad request body'],
      ['POST', toxics, { type: 'slicer', attributes: { delay: 1.5 } }, 400, 'bad request body'],
      ['POST', `${toxics}/latency_downstream`, '', 400, 'bad request body'],
      ...['GET', 'PATCH', 'POST', 'DELETE'].flatMap((method): [string, string, unknown, number, string][] => {
        const body = method === 'GET' || method === 'DELETE' ? undefined : {};
        return [
          [method, '/proxies/none', method === 'POST' ? {} : body, 404, 'proxy not found'],
          [method, `${toxics}/none`, body, 404, 'toxic not found'],
          [method, '/proxies/none/toxics/none', body, 404, 'proxy not found'],
        ];
      }),
      ['GET', '/proxies/none/toxics', undefined, 404, 'proxy not found'],
      ['POST', '/proxies/none/toxics', { type: 'latency' }, 404, 'proxy not found'],
    ];
    for (const [method, path, body, status, words] of rows)
      refused(await request(method, path, body), status, words, `${method} ${path} ${JSON.stringify(body)}`);
    assert.equal(Object.keys((await request('GET', '/proxies')).json as object), ['a']);
  });

  test('bodies are read as Go reads them: null sets no field, names match in any case, empty lists are null', async bench => {
    const { request, echo } = bench;
    refused(await request('POST', '/proxies', 'null'), 400, 'missing required field: name');
    refused(await request('POST', '/populate', '[null]'), 400, 'missing required field: name at proxy 1');
    for (const body of ['[]', 'null']) {
      const answer = await request('POST', '/populate', body);
      assert.equal([answer.status, answer.json], [201, { proxies: null }], body);
    }
    const created = await request('POST', '/proxies', {
      NAME: 'a',
      Listen: '127.0.0.1:0',
      Upstream: echo.address,
    });
    assert.is(created.status, 201, created.text);
    assert.is((await request('POST', '/proxies/a', 'null')).status, 200);
    const toxic = await request('POST', '/proxies/a/toxics', { TYPE: 'latency', attributes: { Latency: 7 } });
    const latency = { attributes: { latency: 7, jitter: 0 }, ...named('latency', 'downstream') };
    assert.equal(toxic.json, latency);
    assert.equal((await request('POST', '/proxies/a/toxics/latency_downstream', 'null')).json, latency);
  });

  test('the content type of a request does not matter; that of an answer is JSON; bodies of megabytes are read', async bench => {
    const { toxiproxy, request, echo } = bench;
    for (const [name, type] of ['application/xml', 'no media type', ''].entries()) {
      const body = JSON.stringify(proxyOf(`p${name}`, echo.address));
      const answer = await fetch(`${toxiproxy.url}/proxies`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
      assert.equal([answer.status, answer.headers.get('content-type')], [201, 'application/json'], type);
      await answer.text();
    }
    const padded = { ...proxyOf('padded', echo.address), pad: 'x'.repeat(3_000_000) };
    assert.is((await request('POST', '/proxies', padded)).status, 201);
  });

  test('a proxy without an address to listen on gets one when it starts', async bench => {
    const made = { name: 'a', upstream: bench.echo.address, enabled: false };
    assert.is(((await bench.request('POST', '/proxies', made)).json as { listen: string }).listen, '');
    const started = await bench.request('PATCH', '/proxies/a', { enabled: true });
    assert.match((started.json as { listen: string }).listen, /:[1-9]\d+$/);
    const again = await bench.request('PATCH', '/proxies/a', { listen: '' });
    assert.is(again.status, 200, again.text);
  });

  test('a port in use is an error of 500 that says so', async bench => {
    const listen = await bench.proxy('a');
    const answer = await bench.request('POST', '/proxies', { ...proxyOf('b', bench.echo.address), listen });
    refused(answer, 500, '');
    assert.match((answer.json as { error: string }).error, /address already in use/i);
    refused(await bench.request('GET', '/proxies/b'), 404, 'proxy not found');
  });

  test('an unknown path is 404, a method that a path does not have is 405, and browsers are refused', async ({
    request,
    toxiproxy,
  }) => {
    assert.is((await request('GET', '/nowhere')).status, 404);
    for (const [method, path] of [
      ['PUT', '/proxies'],
      ['DELETE', '/proxies'],
      ['GET', '/reset'],
      ['PATCH', '/proxies/a/toxics'],
      ['OPTIONS', '/proxies'],
    ] as const)
      assert.is((await request(method, path)).status, 405, `${method} ${path}`);
    const headers = { 'user-agent': 'Mozilla/5.0' };
    assert.is((await fetch(`${toxiproxy.url}/version`, { headers })).status, 403);
  });

  test('populate creates missing proxies, keeps equal ones, and replaces those that differ', async bench => {
    const { request, client, echo } = bench;
    const [first] = await client.populate([proxyOf('a', echo.address)]);
    const connection = await Dialed.to(first!.listen);
    await connection.roundTrip('x');
    await client.addToxic('a', {
      name: 't',
      type: 'slow_close',
      stream: 'upstream',
      attributes: { delay: 0 },
    });

    const same = { name: 'a', listen: first!.listen, upstream: echo.address };
    const answer = await request('POST', '/populate', [same, proxyOf('b', echo.address)]);
    assert.is(answer.status, 201);
    const { proxies } = answer.json as { proxies: { name: string }[] };
    assert.equal(
      proxies.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.is(((await request('GET', '/proxies/a/toxics')).json as unknown[]).length, 1);
    await connection.roundTrip('still open');

    const [moved] = await client.populate([{ ...same, upstream: '127.0.0.1:1' }]);
    assert.is(moved!.upstream, '127.0.0.1:1');
    await connection.untilClosed();
  });

  test('a populate that fails halfway answers with the error and the proxies it created', async ({
    request,
    echo,
  }) => {
    const taken = { ...proxyOf('b', echo.address), listen: echo.address };
    const answer = await request('POST', '/populate', [proxyOf('a', echo.address), taken]);
    assert.is(answer.status, 500);
    const { error, status, proxies } = answer.json as {
      error: string;
      status: number;
      proxies: { name: string }[];
    };
    assert.match(error, /address already in use/i);
    assert.is(status, 500);
    assert.equal(
      proxies.map(({ name }) => name),
      ['a'],
    );
  });

  test('disabling a proxy closes its listener and its connections; enabling it reopens the same port', async bench => {
    const { client, request } = bench;
    const listen = await bench.proxy('a');
    const connection = await Dialed.to(listen);
    await connection.roundTrip('x');
    await client.setEnabled('a', false);
    await connection.untilClosed();
    await until(() => bench.echo.closedConnections === 1, {
      deadlineMs: 30_000,
      what: 'the upstream to be closed',
    });
    assert.is((await Dialed.to(listen)).errorCode, 'ECONNREFUSED');
    assert.equal((await client.proxies())[0]!.enabled, false);

    const enabled = await request('PATCH', '/proxies/a', { enabled: true });
    assert.is(enabled.status, 200);
    assert.is((enabled.json as { listen: string }).listen, listen);
    await echoes(listen);
  });

  test('a new upstream restarts a proxy and drops its connections', async bench => {
    const listen = await bench.proxy('a');
    const connection = await Dialed.to(listen);
    await connection.roundTrip('x');
    const answer = await bench.request('POST', '/proxies/a', { upstream: '127.0.0.1:1' });
    assert.equal([answer.status, (answer.json as { enabled: boolean }).enabled], [200, true]);
    await connection.untilClosed();
    const refusedBehind = await Dialed.to(listen);
    await refusedBehind.untilClosed();
  });

  test('a toxic has defaults; a change keeps what it does not name; the list is upstream first', async bench => {
    const { request } = bench;
    await bench.proxy('a');
    const path = '/proxies/a/toxics';
    const latency = { attributes: { latency: 0, jitter: 0 }, ...named('latency', 'downstream') };
    const created = await request('POST', path, { type: 'latency' });
    assert.is(created.status, 200);
    assert.equal(created.json, latency);

    const changed = { ...latency, attributes: { latency: 5, jitter: 0 } };
    const change = { attributes: { latency: 5, unknown: 1 }, stream: 'upstream', name: 'x' };
    assert.equal((await request('PATCH', `${path}/latency_downstream`, change)).json, changed);
    const rarer = { ...changed, toxicity: 0.5 };
    assert.equal((await request('POST', `${path}/latency_downstream`, { toxicity: 0.5 })).json, rarer);
    assert.equal((await request('GET', `${path}/latency_downstream`)).json, rarer);

    const slicer = { type: 'slicer', stream: 'upstream', attributes: { average_size: 9 } };
    await request('POST', path, slicer);
    const names = ((await request('GET', path)).json as { name: string }[]).map(({ name }) => name);
    assert.equal(names, ['slicer_upstream', 'latency_downstream']);

    const removed = await request('DELETE', `${path}/latency_downstream`);
    assert.equal([removed.status, removed.text], [204, '']);
  });

  test('each toxic has the attributes that upstream documents', async bench => {
    await bench.proxy('a');
    const attributes: Record<string, string[]> = {
      latency: ['latency', 'jitter'],
      bandwidth: ['rate'],
      slow_close: ['delay'],
      timeout: ['timeout'],
      reset_peer: ['timeout'],
      slicer: ['average_size', 'size_variation', 'delay'],
      limit_data: ['bytes'],
      noop: [],
    };
    for (const [type, names] of Object.entries(attributes)) {
      const given = Object.fromEntries(names.map((name, index) => [name, index + 1]));
      const { json } = await bench.request('POST', '/proxies/a/toxics', { type, attributes: given });
      assert.equal(json, { attributes: given, ...named(type, 'downstream') });
    }
  });

  test('reset enables every proxy and removes every toxic', async bench => {
    const { client, request } = bench;
    const listen = await bench.proxy('a');
    await bench.proxy('b');
    await client.addToxic('b', { name: 't', type: 'bandwidth', stream: 'upstream', attributes: { rate: 1 } });
    await client.setEnabled('a', false);
    const answer = await request('POST', '/reset');
    assert.equal([answer.status, answer.text], [204, '']);
    assert.ok((await client.proxies()).every(({ enabled }) => enabled));
    assert.equal((await request('GET', '/proxies/b/toxics')).json, []);
    await echoes(listen);
  });

  test('/metrics counts bytes by proxy and direction, once a connection has ended', async bench => {
    const listen = await bench.proxy('a');
    const connection = await Dialed.to(listen);
    await connection.roundTrip('12345');
    connection.close();
    const labels = `proxy="a"`;
    for (const name of ['received', 'sent']) {
      for (const direction of ['upstream', 'downstream']) {
        const what = `${name} bytes ${direction} to be 5`;
        await until(
          async () => {
            const { text } = await bench.request('GET', '/metrics');
            const line = text.split('\n').find(each => {
              const here = each.startsWith(`toxiproxy_proxy_${name}_bytes_total{`);
              return (
                here &&
                each.includes(labels) &&
                each.includes(`direction="${direction}"`) &&
                each.includes(listen)
              );
            });
            return line?.endsWith(' 5');
          },
          { deadlineMs: 30_000, what },
        );
      }
    }
  });

  test('errors of the client name the request, the proxy and the toxic', async bench => {
    const listen = await bench.proxy('a');
    const asked: [() => Promise<void>, string][] = [
      [() => bench.client.updateToxic('a', 'none', {}), 'update toxic none of proxy a'],
      [() => bench.client.setEnabled('zk1', false), 'disable proxy zk1'],
    ];
    for (const [request, words] of asked) {
      const error: ToxiproxyRequestError = await request().then(
        () => assert.unreachable(`${words} was not refused`),
        error => error,
      );
      assert.match(error.message, `Toxiproxy at ${bench.toxiproxy.url} did not ${words}`);
      assert.match(error.message, '404');
    }
    await echoes(listen);
  });
});

function proxyOf(name: string, upstream: string) {
  return { name, listen: '127.0.0.1:0', upstream };
}

function named(type: string, stream: string) {
  return { name: `${type}_${stream}`, type, stream, toxicity: 1 };
}

/** Toxiproxy also writes its logger into each proxy. */
function known(json: unknown): unknown {
  const { Logger: _, ...rest } = json as Record<string, unknown>;
  return rest;
}

function refused(answer: Answer, status: number, words: string, where = ''): void {
  const body = answer.json as { error: string; status: number } | undefined;
  assert.is(answer.status, status, `${where}: ${answer.status} ${answer.text}`);
  assert.is(body?.status, status, where);
  assert.ok(body?.error.startsWith(words), `${where}: "${body?.error}" does not start with "${words}"`);
}

async function echoes(listen: Bench['echo']['address']): Promise<void> {
  const connection = await Dialed.to(listen);
  await connection.roundTrip('x');
  connection.close();
}
