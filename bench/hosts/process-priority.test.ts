import { spawn } from 'node:child_process';
import { getPriority } from 'node:os';
import { assert, suite } from '#test';
import { giveRealTime, noPreference, prefer } from './process-priority.ts';

const test = suite('hosts: priorities of processes');

test('a lab that goes before all others itself can prefer nobody', async () => {
  assert.match((await noPreference(-20)) ?? '', /this lab itself runs at nice -20, and needs -10 or more/);
});

test('a preferred process goes before others until the preference ends, and so does one in real time', async () => {
  // Only root may do this.
  if ((await noPreference(0)) !== undefined) return;
  const child = spawn('sleep', ['60']);
  const pid = child.pid!;
  try {
    const before = getPriority(pid);
    const undo = prefer(pid);
    assert.is(getPriority(pid), -20);
    await undo();
    assert.is(getPriority(pid), before);
    const end = await giveRealTime(pid);
    await end();
    assert.is(getPriority(pid), before);
  } finally {
    child.kill('SIGKILL');
  }
});
