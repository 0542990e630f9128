import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite } from '#test';
import { folderWith } from './cgroup-folder.test-kit.ts';
import { findCpuController, quotaOf } from './cpu-controller.ts';

const test = suite('hosts: CPU budgets');

function limited(root: string): string {
  const controller = findCpuController(root);
  if (typeof controller === 'string') throw new Error(controller);
  const group = join(controller.folder, 'group');
  mkdirSync(group);
  controller.limit(group, quotaOf(0.5));
  return group;
}

test('a budget is given in the shortest period that the kernel accepts, and a smaller one is refused', () => {
  assert.equal(quotaOf(0.5), { quotaUs: 2_500, periodUs: 5_000 });
  assert.equal(quotaOf(0.1), { quotaUs: 1_000, periodUs: 10_000 });
  assert.equal(quotaOf(2), { quotaUs: 10_000, periodUs: 5_000 });
  assert.throws(() => quotaOf(0.0005), /budget of 0\.0005 cores: at least 0\.001 cores are accepted/);
  assert.throws(() => quotaOf(Number.NaN), /budget of NaN cores/);
});

test('version 1: quota and period are two files of the group', () => {
  for (const name of ['cpu', 'cpu,cpuacct']) {
    const group = limited(folderWith({ [`${name}/cpu.cfs_quota_us`]: '-1' }));
    assert.is(readFileSync(join(group, 'cpu.cfs_quota_us'), 'utf8'), '2500');
    assert.is(readFileSync(join(group, 'cpu.cfs_period_us'), 'utf8'), '5000');
  }
});

test('version 2: the controller is passed on to groups, and the limit is one line', () => {
  const root = folderWith({ 'cgroup.controllers': 'cpuset cpu io\n', 'cgroup.subtree_control': 'memory\n' });
  assert.is(readFileSync(join(limited(root), 'cpu.max'), 'utf8'), '2500 5000');
  assert.is(readFileSync(join(root, 'cgroup.subtree_control'), 'utf8'), '+cpu');
});

test('a machine without the controller says so, and nothing is written', () => {
  const root = folderWith({ 'cgroup.controllers': 'cpuset io\n' });
  assert.match(String(findCpuController(root)), /has no cpu controller of cgroups, version 1 or 2/);
  assert.not(existsSync(join(root, 'cgroup.subtree_control')));
  assert.match(String(findCpuController(join(root, 'none'))), /has no cpu controller/);
});
