import { readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { assert, requirePeer, suite, until } from '#test';
import { findSetpriv } from '../../bench/hosts/dies-with-parent.ts';
import { commandLineOf } from '../../bench/hosts/process-identity.ts';
import { isRunning } from '../../bench/hosts/process-state.ts';
import { findServer, findToxiproxy, isStandIn } from './find.ts';
import { startStandIn } from './start-stand-in.ts';
import { whyLost } from './watch.ts';

const test = suite('toxiproxy: find');
const nothing = { PATH: '', XDG_CACHE_HOME: '/nonexistent' };

test('without a Toxiproxy the stand-in serves, and identifies itself', async () => {
  const toxiproxy = await findToxiproxy({ env: nothing });
  try {
    assert.is(toxiproxy.kind, 'stand-in');
    assert.match(toxiproxy.version, 'zklab-stand-in');
    assert.match(toxiproxy.log(), toxiproxy.url);
  } finally {
    await toxiproxy.stop();
  }
  assert.not.ok(isRunning(toxiproxy.pid!));
});

test('TOXIPROXY_URL=stand-in takes the stand-in, also where there is a Toxiproxy', async () => {
  const toxiproxy = await findToxiproxy({ env: { ...process.env, TOXIPROXY_URL: 'stand-in' } });
  try {
    assert.is(toxiproxy.kind, 'stand-in');
    assert.ok(await isStandIn(toxiproxy.url));
  } finally {
    await toxiproxy.stop();
  }
});

test('TOXIPROXY_URL comes first, and its Toxiproxy is left running', async () => {
  const standIn = await startStandIn({ seed: 1 });
  try {
    const toxiproxy = await findToxiproxy({ env: { ...nothing, TOXIPROXY_URL: `${standIn.url}/` } });
    assert.is(toxiproxy.kind, 'external');
    assert.is(toxiproxy.url, standIn.url);
    await toxiproxy.stop();
    assert.ok(isRunning(standIn.pid!));
  } finally {
    await standIn.stop();
  }
});

test('a TOXIPROXY_URL that does not answer is an error, not a reason to use another one', async () => {
  const found = findToxiproxy({ env: { ...nothing, TOXIPROXY_URL: 'http://127.0.0.1:1' } });
  const message = await found.then(
    () => 'found',
    (error: Error) => error.message,
  );
  assert.match(message, 'TOXIPROXY_URL is http://127.0.0.1:1, but no Toxiproxy answers there');
  assert.match(message, /GET http:\/\/127.0.0.1:1\/version: .*(ECONNREFUSED|bad port)/);
});

test('a TOXIPROXY_URL that is no URL of an API is refused with what is accepted', async () => {
  for (const url of [
    '127.0.0.1:8474',
    'localhost:8474',
    'https://127.0.0.1:1',
    'file:///x',
    'toxiproxy',
    'http://',
  ]) {
    const message = await findToxiproxy({ env: { ...nothing, TOXIPROXY_URL: url } }).then(
      () => 'found',
      String,
    );
    assert.match(
      message,
      `TOXIPROXY_URL is "${url}"; accepted is the URL of a Toxiproxy's API, such as http://`,
    );
  }
});

test('a server that is no Toxiproxy is refused', async () => {
  const server = createServer((_, response) => void response.end('<!doctype html><title>It works</title>'));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const message = await findToxiproxy({ env: { ...nothing, TOXIPROXY_URL: url } }).then(
      () => 'found',
      String,
    );
    assert.match(message, 'It works</title>, which is no version');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('a Toxiproxy that was killed or stands still is found lost, with its process and how it ended', async () => {
  const killed = await findToxiproxy({ env: nothing });
  assert.is(await whyLost(killed), undefined);
  process.kill(killed.pid!, 'SIGKILL');
  await until(() => killed.exit() !== undefined, { deadlineMs: 30_000, what: 'its end' });
  assert.match(
    (await whyLost(killed))!,
    new RegExp(`process ${killed.pid}\\) ended by itself with signal SIGKILL`),
  );
  const paused = await findToxiproxy({ env: nothing });
  process.kill(paused.pid!, 'SIGSTOP');
  assert.match((await whyLost(paused))!, new RegExp(`process ${paused.pid}\\) answers no more: .*timeout`));
  await paused.stop();
  await killed.stop();
});

test('a server on the PATH comes before the installed one; a file that cannot be executed is skipped', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zklab-path-'));
  try {
    const file = join(folder, 'toxiproxy-server');
    await writeFile(file, '');
    assert.is(await findServer({ ...nothing, PATH: folder }), undefined);
    await chmod(file, 0o755);
    assert.equal(await findServer({ ...nothing, PATH: `/nonexistent:${folder}` }), { file });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a server that does not start is an error that contains its output', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zklab-path-'));
  try {
    const file = join(folder, 'toxiproxy-server');
    await writeFile(file, '#!/bin/sh\necho no licence >&2\nexit 3\n', { mode: 0o755 });
    const found = findToxiproxy({ env: { ...nothing, PATH: folder } });
    const message = await found.then(
      () => 'found',
      (error: Error) => error.message,
    );
    assert.match(message, /did not start on port \d+/);
    assert.match(message, 'no licence');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a Toxiproxy that cannot be registered is ended: five attempts leave no process', async () => {
  const runtime = process.env.XDG_RUNTIME_DIR;
  const folder = await mkdtemp(join(tmpdir(), 'zklab-path-'));
  try {
    // Others may write to this register, so it is refused, as a full disk refuses it.
    await mkdir(join(folder, 'zklab'));
    await chmod(join(folder, 'zklab'), 0o777);
    process.env.XDG_RUNTIME_DIR = folder;
    const file = join(folder, 'toxiproxy-server');
    await writeFile(file, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
    const found = findToxiproxy({ env: { ...nothing, PATH: folder } });
    assert.match(await found.then(() => 'found', String), 'can be written by other users');
    await until(() => processesWith(file).length === 0, { deadlineMs: 30_000, what: 'all of them to end' });
  } finally {
    if (runtime === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = runtime;
    await rm(folder, { recursive: true });
  }
});

/** Processes with this word in their command line. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter(
    pid => /^\d+$/.test(pid) && Number(pid) !== process.pid && commandLineOf(Number(pid)).includes(word),
  );
}

test('the stand-in dies with a parent that is killed', async () => {
  const starter = fileURLToPath(new URL('./start-stand-in.js', import.meta.url));
  const code = `
    const { startStandIn } = await import(${JSON.stringify(starter)});
    process.send((await startStandIn({ seed: 1 })).pid);`;
  const parent = execa(process.execPath, ['--input-type=module', '-e', code], { ipc: true, reject: false });
  const pid = (await parent.getOneMessage()) as number;
  assert.ok(isRunning(pid));
  parent.kill('SIGKILL');
  await parent;
  while (isRunning(pid)) await new Promise(resolve => setTimeout(resolve, 10));
});

test('a Toxiproxy dies with a parent that is killed', async () => {
  requirePeer('toxiproxy', await findServer(), 'what is started here is the real one');
  requirePeer('setpriv', findSetpriv(), 'it ends what does not watch its parent');
  const finder = fileURLToPath(new URL('./find.js', import.meta.url));
  const code = `
    const { findToxiproxy } = await import(${JSON.stringify(finder)});
    process.send((await findToxiproxy()).pid);`;
  const parent = execa(process.execPath, ['--input-type=module', '-e', code], {
    ipc: true,
    reject: false,
    env: { TOXIPROXY_URL: '' },
  });
  const pid = (await parent.getOneMessage()) as number;
  assert.ok(isRunning(pid));
  parent.kill('SIGKILL');
  await parent;
  await until(() => !isRunning(pid), { deadlineMs: 30_000, what: 'the Toxiproxy to end' });
});
