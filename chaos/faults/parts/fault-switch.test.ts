import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { LOCAL_HOST } from '../../../bench/hosts/local-host.ts';
import { parseInjectedFaults } from '../../../server/runtime/faulty/injected-faults.ts';
import { FaultSwitch, switchText } from './fault-switch.ts';

const test = suite('faults: the switch of a server');

test('faults of a member add up; each heal takes out its own', async () => {
  const file = join(temporaryFolder(), 'v1.faults.json');
  const ours = new FaultSwitch(LOCAL_HOST, file, () => false);
  const asked = () => parseInjectedFaults(readFileSync(file, 'utf8'), file);
  const [slow, jumped] = await Promise.all([
    ours.apply({ disk: { syncDelayMs: 5 } }),
    ours.apply({ clock: { offsetMs: 7 } }),
  ]);
  const full = await ours.apply({ disk: { failure: 'ENOSPC' } });
  assert.equal(asked().disk, { syncDelayMs: 5, failure: 'ENOSPC' });
  await slow();
  assert.equal(asked().disk, { syncDelayMs: undefined, failure: 'ENOSPC' });
  assert.is(asked().clock.offsetMs, 7);
  await full();
  await jumped();
  assert.equal({ ...asked(), id: '' }, { ...parseInjectedFaults(switchText('', []), file), id: '' });
});

test('a fault is in force only when the server has reported it', async () => {
  const file = join(temporaryFolder(), 'v1.faults.json');
  let asks = 0;
  const host = {
    writeFile: LOCAL_HOST.writeFile,
    readFile: async (path: string) => {
      asks += 1;
      const { id } = JSON.parse(readFileSync(file, 'utf8'));
      // The server takes a while; until then its last report is there.
      writeFileSync(path, JSON.stringify({ id: asks < 3 ? '0' : id, delayedSyncs: asks }));
      return readFileSync(path, 'utf8');
    },
  };
  const report = await new FaultSwitch(host, file, () => true).report();
  assert.is(report?.delayedSyncs, 3);
});

test('planted: a server that never takes its faults is an error that names the file', async () => {
  const file = join(temporaryFolder(), 'v1.faults.json');
  const deaf = new FaultSwitch(LOCAL_HOST, file, () => true, 50);
  assert.match(
    await deaf.apply({ disk: { failure: 'EIO' } }).then(String, String),
    /v1\.faults\.json: the server has not taken it within 50 ms/,
  );
});
