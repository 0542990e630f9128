import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { nodeDisk } from '../runtime/node/node-disk.ts';
import type { FileInfo } from '../runtime/runtime.ts';
import { AnswerPump, type AnswerSink } from '../turns/answer-pump.ts';
import type { Slow } from '../turns/live.ts';
import { TurnQueue } from '../turns/turn-queue.ts';
import { commandPieces } from './commands.ts';
import { directoryBytes, newestSnapshot } from './directory-looks.ts';

const test = suite('admin: scans of directories');

/** Returns the value, and after how many pauses it came. `between` runs in each pause. */
function finish<T>(look: Slow<T>, between: () => void = () => {}): { value: T; pauses: number } {
  for (let pauses = 0; ; pauses++) {
    const step = look.next();
    if (step.done === true) return { value: step.value, pauses };
    between();
  }
}

function directoryOf(names: readonly string[]): string {
  const directory = temporaryFolder();
  for (const name of names) writeFileSync(join(directory, name), 'x'.repeat(100));
  return directory;
}

test('field report B9: only regular files count: no links to nowhere, directories or pipes', () => {
  const directory = directoryOf(['snapshot.0', 'log.1']);
  symlinkSync(join(directory, 'nowhere'), join(directory, 'snapshot.ff'));
  symlinkSync(join(directory, 'itself'), join(directory, 'itself'));
  symlinkSync(join(directory, 'log.1'), join(directory, 'linked'));
  mkdirSync(join(directory, 'snapshot.fe'), { mode: 0 });
  execFileSync('mkfifo', [join(directory, 'pipe')]);
  assert.is(finish(directoryBytes(nodeDisk, directory)).value, 300);
  assert.is(finish(newestSnapshot(nodeDisk, directory)).value?.zxid, 0);
});

test('field report B9: files, and the directory itself, may go away during a scan', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `snapshot.${i.toString(16)}`);
  const directory = directoryOf(names);
  const left = [...names];
  const { value } = finish(directoryBytes(nodeDisk, directory), () => {
    const name = left.pop();
    if (name !== undefined) rmSync(join(directory, name));
  });
  assert.ok(value >= 0 && value < 100_000, String(value));
  assert.is(finish(newestSnapshot(nodeDisk, directory)).value, undefined);
  rmSync(directory, { recursive: true });
  assert.is(finish(directoryBytes(nodeDisk, directory)).value, 0);
  assert.is(finish(newestSnapshot(nodeDisk, directory)).value, undefined);
});

test('field report B9: a scan of a large directory takes as many steps as it has files', () => {
  const directory = directoryOf(Array.from({ length: 2000 }, (_, i) => `log.${i.toString(16)}`));
  assert.equal(finish(directoryBytes(nodeDisk, directory)), { value: 200_000, pauses: 2000 });
});

test('a scan that is left early closes the directory', () => {
  const directory = directoryOf(Array.from({ length: 200 }, (_, i) => `log.${i.toString(16)}`));
  const names = nodeDisk.names(directory)[Symbol.iterator]();
  names.next();
  assert.is(names.return?.().done, true);
  assert.is(names.next().done, true);
});

class Reader implements AnswerSink {
  text = '';
  ended: string | null = null;
  write(text: string): boolean {
    this.text += text;
    return true;
  }
  end(): void {
    this.ended = 'end';
  }
  fail(reason: string): void {
    this.ended = reason;
  }
  refuse(reason: string): void {
    this.ended = reason;
  }
}

test('field report B9: conf, dirs and their AdminServer commands answer while another process removes files', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const { disk } = ensemble.machine(1);
  const list = disk.list.bind(disk);
  disk.list = path => [...list(path), 'log.removed', 'snapshot.fff'];
  const { view } = ensemble.server(1);
  for (const word of ['conf', 'dirs']) {
    const raw = ensemble.dial(1, 2181);
    raw.write(Buffer.from(word));
    raw.untilClosed();
    assert.match(raw.received.toString(), /(dataDirSize=|datadir_size: )\d+/, word);
  }
  for (const name of ['dirs', 'server_stats', 'stats', 'last_snapshot'])
    assert.is((JSON.parse([...commandPieces(name, view)].join('')) as { error: unknown }).error, null, name);
  assert.is(ensemble.fatal.size, 0);
});

test('field report B9: the error of a command names no file to its reader', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const { view } = ensemble.server(1);
  const { disk } = ensemble.machine(1);
  disk.fileInfo = (path: string): FileInfo => {
    throw new Error(`EIO: stat ${path}`);
  };
  const reader = new Reader();
  const { guard, clock } = view;
  const pump = new AnswerPump({ turns: new TurnQueue(clock), clock, guard });
  pump.answer('dirs', commandPieces('dirs', view), reader);
  assert.equal(
    [reader.text, reader.ended],
    ['', 'dirs failed (ZK_GUARD), and the log of the server says why'],
  );
  assert.is(view.metrics.counter('guarded_failure_count').value, 1);
});
