import { join } from 'node:path';
import { execa } from 'execa';
import { assert, suite, temporaryFolder } from '#test';
import { keptWarnings } from '../runtime/logging/warnings.test-kit.ts';
import { nodeDisk } from '../runtime/node/node-disk.ts';
import { MemoryDisk } from '../runtime/virtual/memory-disk.ts';
import { OracleFile } from './oracle-file.ts';

const test = suite('quorum: OracleFile');
const PATH = '/run/oracle';

function fixture() {
  const disk = new MemoryDisk({ schedule: (_, run) => run(), random: { float: () => 0, below: () => 0 } });
  const { logger, warnings: warned } = keptWarnings();
  const write = (text: string) => {
    const file = disk.open(PATH, 'w');
    file.writeAt(0, Buffer.from(text));
    file.close();
  };
  return { disk, warned, write, oracle: new OracleFile(disk, PATH, logger) };
}

test('004-23: the file authorises while its first byte is 1', () => {
  const { disk, oracle, write } = fixture();
  disk.makeDirectory('/run');
  const answers = ['1', '1\n', '10', '0\n', '', ' 1', 'true', '\n1', '1'].map(text => {
    write(text);
    return oracle.authorizes();
  });
  assert.equal(answers, [true, true, true, false, false, false, false, false, true]);
});

test('a file that cannot be read authorises nothing, and one line says so however often it is asked', () => {
  const { disk, oracle, write, warned } = fixture();
  disk.makeDirectory('/run');
  for (let times = 0; times < 3; times++) assert.not(oracle.authorizes());
  assert.equal(warned, ['the oracle file cannot be read, so it authorises nothing']);
  write('1');
  assert.ok(oracle.authorizes());
  disk.remove(PATH);
  assert.not(oracle.authorizes());
  assert.is(warned.length, 2, 'it could be read in between');
});

test('a pipe in place of the file authorises nothing, and blocks nobody', async () => {
  const path = join(temporaryFolder(), 'oracle');
  await execa('mkfifo', [path]);
  const { logger, warnings: warned } = keptWarnings();
  assert.not(new OracleFile(nodeDisk, path, logger).authorizes());
  assert.is(warned.length, 1);
});
