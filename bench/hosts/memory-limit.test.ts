import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { assert, suite, until } from '#test';
import { folderWith } from './cgroup-folder.test-kit.ts';
import { findMemoryController, limitMemory, noMemoryLimit } from './memory-limit.ts';

const test = suite('hosts: limits of memory');

const MIB = 1024 * 1024;

test('both versions are found, and a machine without the controller says so', () => {
  const first = folderWith({ 'memory/memory.limit_in_bytes': '9' });
  assert.equal(findMemoryController(first), { folder: join(first, 'memory'), version: 1 });
  const second = folderWith({ 'cgroup.controllers': 'cpu memory\n', 'cgroup.subtree_control': 'cpu\n' });
  assert.equal(findMemoryController(second), { folder: second, version: 2 });
  assert.is(readFileSync(join(second, 'cgroup.subtree_control'), 'utf8'), '+memory');
  const none = folderWith({ 'cgroup.controllers': 'cpu\n' });
  assert.match(String(noMemoryLimit(none)), /has no memory controller of cgroups, version 1 or 2/);
});

test('a limit that no process could live with is refused', () => {
  assert.throws(() => limitMemory(process.pid, 1_000), /a limit of 1000 bytes of memory: at least 1048576/);
  assert.throws(() => limitMemory(process.pid, Number.NaN), /a limit of NaN bytes/);
});

test('a process that takes more than its limit reaches it, and the group is gone when it is lifted', async () => {
  const controller = findMemoryController();
  if (typeof controller === 'string') return;
  const grows =
    'setTimeout(() => { globalThis.held = Buffer.alloc(64 << 20, 1); setInterval(() => {}, 1e3) }, 300)';
  const child = execa(process.execPath, ['-e', grows], { reject: false });
  try {
    const limit = limitMemory(child.pid!, 8 * MIB, controller);
    await until(() => limit.pressure().limited + limit.pressure().killed > 0, {
      deadlineMs: 20_000,
      what: 'the limit to be reached',
    });
    limit.lift();
    limit.lift();
    assert.not(existsSync(join(controller.folder, `zklab-memory-${process.pid}-${child.pid}`)));
    assert.ok(limit.pressure().limited > 0, 'what was counted stays');
  } finally {
    child.kill('SIGKILL');
    await child;
  }
});

test('a limit is lifted while its process ends, which keeps the group busy for a moment', async () => {
  const controller = findMemoryController();
  if (typeof controller === 'string') return;
  const child = execa(process.execPath, ['-e', 'setInterval(() => {}, 1e3)'], { reject: false });
  const limit = limitMemory(child.pid!, 64 * MIB, controller);
  child.kill('SIGKILL');
  limit.lift();
  await child;
});
