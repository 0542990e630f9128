/** Readings of real processes, one of which leaks. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { assert, suite, temporaryFolder, until } from '#test';
import { checkLeaks } from './checkers/leaks.ts';
import { ResourceWatch } from './resource-watch.ts';

const test = suite('chaos: resources of processes');
const MIB = 1024 * 1024;
/** Opens a file and takes memory, again and again, and writes as much. */
const LEAKS = `const { openSync, appendFileSync } = require('node:fs');
const kept = [];
setInterval(() => {
  if (kept.length >= 4000) return;
  kept.push(Buffer.alloc(64 * 1024, 1), openSync('/dev/null', 'r'));
  appendFileSync(process.argv[1], Buffer.alloc(16 * 1024, 1));
}, 5);`;
const IDLES = 'setInterval(() => {}, 1000);';
const STARTED = 'console.log(1);';

test(
  'a planted leak of memory, handles and disk is caught; a process beside it that idles has none',
  async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'below'));
    const start = (script: string) =>
      execa(process.execPath, ['-e', script + STARTED, join(folder, 'below', 'log')], {
        reject: false,
        cleanup: true,
      });
    const [leaking, idle] = [start(LEAKS), start(IDLES)];
    // A process that starts opens files too.
    await Promise.all([leaking, idle].map(each => once(each.stdout, 'data')));
    const watch = new ResourceWatch(
      [
        { name: 'leaking', pid: () => leaking.pid, folder },
        { name: 'idle', pid: () => idle.pid, folder: temporaryFolder() },
        { name: 'ended', pid: () => undefined },
      ],
      { intervalMs: 20 },
    );
    try {
      const of = (name: string) => watch.samples.filter(({ member }) => member === name);
      const growing = () => (of('leaking').at(-1)?.handles ?? 0) - (of('leaking')[0]?.handles ?? 0);
      await until(() => of('leaking').length >= 60 && growing() > 60, {
        deadlineMs: 60_000,
        what: 'readings',
      });
      watch.stop();
      assert.equal(of('ended'), []);
      const limitsPerHour = { rssBytes: 1_000 * MIB, handles: 5_000, logBytes: 1_000 * MIB };
      const judge = (name: string) => checkLeaks({ samples: of(name), limitsPerHour, lifeMinMs: 0 });
      const { valid, reasons } = judge('leaking');
      assert.is(valid, 'invalid');
      for (const what of ['memory', 'handles', 'data on disk'])
        assert.ok(
          reasons.some(reason => reason.startsWith(`leaking: ${what} grows by`)),
          reasons.join('\n'),
        );
      const handles = judge('idle').reasons.filter(reason => !reason.includes('memory'));
      assert.equal(handles, []);
    } finally {
      watch.stop();
      for (const each of [leaking, idle]) each.kill('SIGKILL');
      await Promise.all([leaking, idle]);
    }
  },
  { deadlineMs: 120_000 },
);

test('a long watch keeps readings of all of its time, at most so many', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'log'), 'x');
  let nowMs = 0;
  const watch = new ResourceWatch([{ name: 'self', pid: () => process.pid, folder }], {
    ...{ intervalMs: 1, samplesMax: 8 },
    nowMs: () => nowMs++,
  });
  await until(() => nowMs > 30, { deadlineMs: 60_000, what: 'readings' });
  watch.stop();
  assert.ok(watch.samples.length <= 8);
  assert.is(watch.samples[0]?.timeMs, 0);
  assert.ok((watch.samples.at(-1)?.timeMs ?? 0) >= 24);
  assert.ok(
    watch.samples.every(({ rssBytes, handles, logBytes }) => rssBytes > 0 && handles > 0 && logBytes > 0),
  );
});
