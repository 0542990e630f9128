import * as net from 'node:net';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import type { ExitCode } from '../../results/verdicts.ts';
import { terminal } from '../terminal.ts';
import { benchRecord } from './bench-record.ts';

const test = suite('bench record');

async function listening(): Promise<net.Server & { readonly at: string }> {
  const server = net.createServer(socket => {
    socket.on('error', () => {}).resume();
    socket.write('reached');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(server, { at: `127.0.0.1:${(server.address() as net.AddressInfo).port}` });
}

/** Records until that many clients have come and gone, one after another. */
async function recorded(
  to: string,
  clients: number,
  whenConnected: (client: net.Socket) => Promise<unknown>,
): Promise<{ exitCode: ExitCode; out: string; err: string }> {
  let out = '';
  let err = '';
  const ending = new AbortController();
  const streams = {
    out: { write: (text: string) => (out += text) },
    err: { write: (text: string) => (err += text) },
  };
  const run = benchRecord(terminal(streams), {
    listen: 0,
    to,
    out: join(temporaryFolder(), 'r.zkrec'),
    hashPaths: false,
    megabytesMax: 1,
    forMs: undefined,
    signal: ending.signal,
  });
  await until(() => out.includes('connect them to'), { deadlineMs: 30_000, what: 'the port of the proxy' });
  const port = Number(/connect them to 127\.0\.0\.1:(\d+)/.exec(out)![1]);
  for (let each = 0; each < clients; each++) {
    const client = net.connect(port, '127.0.0.1').on('error', () => {});
    await whenConnected(client);
    client.destroy();
  }
  ending.abort();
  return { exitCode: await run, out, err };
}

const closed = (client: net.Socket) => new Promise(resolve => client.resume().on('close', resolve));

test('a server that no client could reach fails the recording, which says why', async () => {
  const server = await listening();
  await new Promise(resolve => server.close(resolve));
  const { exitCode, err } = await recorded(server.at, 2, closed);
  assert.is(exitCode, 1);
  assert.match(
    err,
    new RegExp(
      `^zklab: no connection reached the server ${server.at}: connect ECONNREFUSED ${server.at}$`,
      'm',
    ),
  );
});

test('without a client a recording is no failure, and says that its server was not tried', async () => {
  const server = await listening();
  await new Promise(resolve => server.close(resolve));
  const { exitCode, out } = await recorded(server.at, 0, closed);
  assert.is(exitCode, 0);
  assert.match(out, new RegExp(`^no client came, so the server ${server.at} was not tried$`, 'm'));
});

test('connections that did not reach a server which others reached are counted', async () => {
  const server = await listening();
  const { exitCode, out } = await recorded(server.at, 2, async client => {
    if (!server.listening) return closed(client);
    await new Promise(resolve => client.once('data', resolve));
    // It keeps this connection, and takes no more.
    return server.close();
  });
  assert.is(exitCode, 0);
  assert.match(
    out,
    new RegExp(
      `^connections that did not reach the server ${server.at}: 1 of 2; the last: connect ECONNREFUSED`,
      'm',
    ),
  );
});

test('planted: the last line counts sessions, and not every connection as one', async () => {
  const server = await listening();
  const { out, exitCode } = await recorded(server.at, 2, async client => {
    client.write('ruok');
    await new Promise(resolve => client.once('data', resolve));
  });
  server.close();
  assert.is(exitCode, 0);
  assert.match(out, /^connections that did not speak ZooKeeper's protocol, which are not recorded: 2$/m);
  assert.match(out, /: 0 sessions on 2 connections, 0 records, \d+ bytes$/m);
});
