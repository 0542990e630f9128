import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { assert, suite, temporaryFolder, until } from '#test';
import { identityOf } from './process-identity.ts';
import { reap, registerProcess, TEMPORARY_PREFIX } from './reaper.ts';

const test = suite('reaper');

const DEAD_LAB = { pid: 2 ** 22 - 1, startTime: '1' };

test('a process with a reused pid is left alone, because its start or its command line differs', async () => {
  const folder = temporaryFolder();
  const other = execa('sleep', ['60'], { reject: false, detached: true, cleanup: false });
  try {
    const { pid, startTime } = identityOf(other.pid!)!;
    record(folder, 'older.json', {
      process: { pid, startTime: `${Number(startTime) - 1}` },
      lab: DEAD_LAB,
      marker: 'sleep',
    });
    record(folder, 'command.json', {
      process: { pid, startTime },
      lab: DEAD_LAB,
      marker: '/runs/v1/zoo.cfg',
    });
    assert.equal(reap(folder), []);
    assert.ok(identityOf(other.pid!));
    assert.equal(readdirSync(folder), [], 'a settled record is removed');

    record(folder, 'ours.json', { process: { pid, startTime }, lab: DEAD_LAB, marker: 'sleep 60' });
    assert.equal(reap(folder), [{ pid, marker: 'sleep 60' }]);
    await other;
  } finally {
    other.kill('SIGKILL');
  }
});

test('a process of this lab stays registered until it is removed', () => {
  const folder = temporaryFolder();
  const registration = registerProcess(process.pid, 'anything', undefined, folder);
  assert.equal(readdirSync(folder), [`${process.pid}.json`]);
  assert.equal(reap(folder), []);
  registration?.remove();
  assert.equal(readdirSync(folder), []);
});

test('only temporary folders of the lab are removed', () => {
  const folder = temporaryFolder();
  const ours = mkdtempSync(join(tmpdir(), `${TEMPORARY_PREFIX}reaper-test-`));
  const kept = join(temporaryFolder(), `${TEMPORARY_PREFIX}not-directly-in-tmp`);
  mkdirSync(kept);
  for (const [name, temporary] of [
    ['a', ours],
    ['b', kept],
    ['c', '/etc'],
  ] as const)
    record(folder, `${name}.json`, {
      process: DEAD_LAB,
      lab: DEAD_LAB,
      marker: 'x',
      temporaryFolder: temporary,
    });
  assert.equal(reap(folder), []);
  assert.equal([existsSync(ours), existsSync(kept), existsSync('/etc')], [false, true, true]);
});

test('a folder of a lab killed before it had a process is removed, but not while the lab lives', async () => {
  const runtime = temporaryFolder();
  const module = new URL('./temporary-folder.js', import.meta.url).href;
  const script = `const { makeTemporaryFolder } = await import(${JSON.stringify(module)});
    console.log(makeTemporaryFolder('reaper-test').path);
    setInterval(() => {}, 60_000);`;
  const args = ['--input-type=module', '-e', script];
  const lab = execa(process.execPath, args, { env: { XDG_RUNTIME_DIR: runtime }, reject: false });
  const [chunk] = (await once(lab.stdout, 'data')) as [Buffer];
  const path = chunk.toString().trim();
  assert.equal(reap(join(runtime, 'zklab')), []);
  assert.ok(existsSync(path));
  lab.kill('SIGKILL');
  await lab;
  assert.equal(reap(join(runtime, 'zklab')), []);
  assert.not(existsSync(path));
  assert.equal(readdirSync(join(runtime, 'zklab')), []);
});

test('half a record is removed, and no process is ended', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '1.json'), '{"process":{"pid":1');
  assert.equal(reap(folder), []);
  assert.equal(readdirSync(folder), []);
});

test('a folder that others can write is refused, because it could name any process', () => {
  const folder = temporaryFolder();
  chmodSync(folder, 0o777);
  assert.throws(() => reap(folder), /can be written by other users/);
});

test('a gone process has no identity', async () => {
  const child = execa('true', { reject: false });
  await child;
  await until(() => identityOf(child.pid!) === undefined, { deadlineMs: 30_000, what: 'the end' });
  assert.is(registerProcess(child.pid!, 'true', undefined, temporaryFolder()), undefined);
});

function record(folder: string, name: string, content: object): void {
  writeFileSync(join(folder, name), JSON.stringify(content));
}
