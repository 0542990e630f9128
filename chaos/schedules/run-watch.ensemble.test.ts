/** What leads through links ends by itself: it is named, and the chaos is cut. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { identityOf } from '../../bench/hosts/process-identity.ts';
import type { Ensemble } from '../../bench/topology/ensemble.ts';
import { startSocks } from '../mesh/socks/start.ts';
import { RunWatch } from './run-watch.ts';

const test = suite('chaos/schedules: the watch over processes');
const MAX_MS = 60_000;

test('a SOCKS process that is killed is named with its signal, and stopping it again does no harm', async () => {
  const file = join(temporaryFolder(), 'v1.json');
  writeFileSync(file, '{}');
  const socks = (await startSocks(new Map([['v1', file]])))!;
  const told: string[] = [];
  const ensemble = { members: [], deaths: [] } as unknown as Ensemble;
  const meshed = { ensemble, whyLost: async () => socks.whyLost() };
  const watch = new RunWatch(meshed, text => void told.push(text), new AbortController().signal);
  try {
    assert.is(socks.whyLost(), undefined);
    process.kill(socks.pid!, 'SIGKILL');
    await until(() => watch.cut.aborted, { deadlineMs: MAX_MS, what: 'the cut' });
    const name = `the SOCKS servers of Apache's members (process ${socks.pid})`;
    assert.is(watch.lost, `${name} ended by themselves with signal SIGKILL`);
    assert.equal(told, [watch.lost]);
  } finally {
    await watch.stop();
    await socks.stop();
  }
  assert.is(identityOf(socks.pid!), undefined);
});
