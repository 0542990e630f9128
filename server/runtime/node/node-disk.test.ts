import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, suite, until } from '#test';
import { nodeDisk } from './node-disk.ts';

const test = suite('runtime: node disk');

function inDirectory(run: (directory: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zklab-disk-'));
    try {
      await run(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
}

test(
  'a file that somebody else removed or replaced is soon not synced any more: what is in it is lost',
  inDirectory(async directory => {
    const lose: Record<string, (path: string) => void> = {
      removed: path => rmSync(path),
      replaced: path => renameSync(join(directory, 'other'), path),
    };
    writeFileSync(join(directory, 'other'), '');
    for (const [name, how] of Object.entries(lose)) {
      const path = join(directory, name);
      const file = nodeDisk.open(path, 'a+');
      file.writeAt(0, Buffer.from('x'));
      assert.is(await new Promise(done => file.sync(done)), undefined);
      how(path);
      const error = await until(() => new Promise<Error | undefined>(done => file.sync(done)), {
        deadlineMs: 30_000,
        what: 'a sync that fails',
      });
      assert.match(error.message, `cannot sync ${path}: the file was removed or replaced`);
      file.close();
    }
  }),
);

test(
  'a directory is made with its parents; one that cannot be is an error, not an endless search',
  inDirectory(async directory => {
    const path = join(directory, 'a', 'b', 'c');
    nodeDisk.makeDirectory(path);
    nodeDisk.makeDirectory(path);
    assert.equal(nodeDisk.list(path), []);
    writeFileSync(join(directory, 'file'), '');
    for (const bad of [join(directory, 'file'), join(directory, 'file', 'sub')])
      assert.throws(() => nodeDisk.makeDirectory(bad), new RegExp(`cannot create directory ${bad}: `));
  }),
);

test(
  'files are written anywhere, extended by zeros, synced and read back',
  inDirectory(async directory => {
    const path = join(directory, 'sub', 'a');
    nodeDisk.makeDirectory(join(directory, 'sub'));
    const file = nodeDisk.open(path, 'a+');
    file.truncate(100);
    file.writeAt(10, Buffer.from('xabcx'), 1, 4);
    const error = await new Promise<Error | undefined>(done => {
      file.sync(done);
      file.close();
    });
    assert.is(error, undefined);
    nodeDisk.syncDirectory(join(directory, 'sub'));
    assert.is(nodeDisk.size(path), 100);
    const again = nodeDisk.open(path, 'a+');
    again.writeAt(0, Buffer.from('y'));
    assert.is(again.readAt(0, 14).toString('latin1').replaceAll('\0', '.'), 'y.........abc.');
    assert.is(again.readAt(99, 14).length, 1);
    again.close();
    nodeDisk.rename(path, `${path}b`);
    assert.equal(nodeDisk.list(join(directory, 'sub')), ['ab']);
  }),
);

test(
  'a file gets the permissions of another',
  inDirectory(directory => {
    const [secret, copy] = [join(directory, 'secret'), join(directory, 'copy')];
    for (const path of [secret, copy]) writeFileSync(path, '');
    for (const mode of [0o600, 0o640, 0o644]) {
      chmodSync(secret, mode);
      nodeDisk.copyPermissions(secret, copy);
      assert.is(statSync(copy).mode & 0o777, mode);
    }
  }),
);

test(
  'an error names the operation and the file',
  inDirectory(directory => {
    const path = join(directory, 'none');
    assert.equal(nodeDisk.list(path), []);
    assert.throws(
      () => nodeDisk.open(path, 'r'),
      (error: Error & { code?: string }) =>
        error.code === 'ZK_DISK' && error.message.includes(`cannot open ${path}`),
    );
  }),
);

test(
  'only files are listed: a named pipe under the name of a log would hold the server for ever',
  inDirectory(directory => {
    execFileSync('mkfifo', [join(directory, 'log.1')]);
    mkdirSync(join(directory, 'log.2'));
    writeFileSync(join(directory, 'log.3'), '');
    symlinkSync(join(directory, 'log.1'), join(directory, 'log.4'));
    symlinkSync(directory, join(directory, 'log.5'));
    symlinkSync(join(directory, 'log.3'), join(directory, 'log.6'));
    symlinkSync(join(directory, 'gone'), join(directory, 'log.7'));
    symlinkSync(join(directory, 'log.8'), join(directory, 'log.8'));
    assert.equal(nodeDisk.list(directory), ['log.3', 'log.6', 'log.7', 'log.8']);
  }),
);

test(
  'a file that cannot be looked at is not taken for absent',
  inDirectory(directory => {
    writeFileSync(join(directory, 'file'), '');
    symlinkSync(join(directory, 'loop'), join(directory, 'loop'));
    assert.is(nodeDisk.exists(join(directory, 'file')), true);
    for (const absent of ['none', 'file/none']) assert.is(nodeDisk.exists(join(directory, absent)), false);
    assert.throws(() => nodeDisk.exists(join(directory, 'loop')), /cannot stat .*loop: ELOOP/);
  }),
);
