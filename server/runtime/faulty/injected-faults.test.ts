import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { ServerError } from '../../errors.ts';
import { keptWarnings } from '../logging/warnings.test-kit.ts';
import { NodeClock } from '../node/node-clock.ts';
import { nodeDisk } from '../node/node-disk.ts';
import type { Runtime } from '../runtime.ts';
import { parseInjectedFaults, withInjectedFaults } from './injected-faults.ts';

const test = suite('runtime: injected faults');

const FILE = 'faults.json';
const SOON = { deadlineMs: 10_000 };

const refuses = (text: string, message: RegExp): void =>
  void assert.throws(
    () => parseInjectedFaults(text, FILE),
    (error: Error) =>
      error instanceof ServerError && error.code === 'ZK_INJECTED_FAULTS' && message.test(error.message),
  );

test('a file says what is wrong with the disk and the clock; a part that is missing is right', () => {
  assert.equal(
    parseInjectedFaults('{"id":"1","disk":{"syncDelayMs":5,"failure":"EIO"},"clock":{"rate":2}}', FILE),
    {
      id: '1',
      disk: { syncDelayMs: 5, failure: 'EIO' },
      clock: { offsetMs: undefined, rate: 2 },
    },
  );
  assert.equal(parseInjectedFaults('{"id":"2"}', FILE).disk, { syncDelayMs: undefined, failure: undefined });
});

test('bad input is refused with the file, the key, the value and what is accepted', () => {
  refuses('', /faults\.json is not JSON/);
  refuses('[]', /the file is \[\]; accepted is an object of id, disk, clock/);
  refuses('{"id":1}', /id is 1; accepted is a text/);
  refuses('{"id":"1","disc":{}}', /unknown key "disc"; accepted are id, disk, clock/);
  refuses(
    '{"id":"1","disk":{"failure":"EPERM"}}',
    /disk\.failure is "EPERM"; accepted is EIO, ENOSPC, EROFS/,
  );
  refuses(
    '{"id":"1","disk":{"syncDelayMs":-1}}',
    /disk\.syncDelayMs is -1; accepted is a number from 0 to 60000/,
  );
  refuses('{"id":"1","clock":{"rate":0}}', /clock\.rate is 0; accepted is a number from 0\.01 to 100/);
});

test('faults come and go while the server runs, a bad file changes nothing, and each file is reported', async () => {
  const folder = temporaryFolder();
  const file = join(folder, FILE);
  const write = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const reported = (id: string) =>
    until(
      () => existsSync(`${file}.report`) && JSON.parse(readFileSync(`${file}.report`, 'utf8')).id === id,
      {
        ...SOON,
        what: `a report of ${id}`,
      },
    );
  write('{"id":"0"}');
  const { logger, warnings } = keptWarnings();
  const clock = new NodeClock();
  const runtime = withInjectedFaults({ clock, disk: nodeDisk } as unknown as Runtime, file, logger);
  await reported('0');
  assert.ok(Math.abs(runtime.clock.wallMs() - Date.now()) < 5_000);

  write('{"id":"1","disk":{"failure":"ENOSPC"},"clock":{"offsetMs":3600000}}');
  await reported('1');
  assert.ok(runtime.clock.wallMs() - Date.now() > 3_000_000);
  assert.throws(
    () => runtime.disk.open(join(folder, 'x'), 'w'),
    /cannot open .*ENOSPC: no space left on device/,
  );
  const { wallMs, machineWallMs } = JSON.parse(readFileSync(`${file}.report`, 'utf8'));
  assert.ok(Math.abs(wallMs - machineWallMs - 3_600_000) <= 1);

  write('{"id":"2","disk":"broken"}');
  await until(() => warnings.some(text => text.includes('stay as they were')), {
    ...SOON,
    what: 'a warning',
  });
  assert.throws(() => runtime.disk.open(join(folder, 'x'), 'w'), /ENOSPC/);

  write('{"id":"3"}');
  await reported('3');
  runtime.disk.open(join(folder, 'x'), 'w').close();
});

test('a server that is told to read a file that is missing does not start', () => {
  const { logger } = keptWarnings();
  const missing = join(temporaryFolder(), FILE);
  assert.throws(
    () =>
      withInjectedFaults({ clock: new NodeClock(), disk: nodeDisk } as unknown as Runtime, missing, logger),
    /injected faults: file .*faults\.json cannot be read/,
  );
});
