import { spawnSync } from 'node:child_process';
import { assert, suite } from '#test';
import { machineText, whyBusy } from '../../results/busy-machine.ts';
import { minimalResult } from '../../results/fixtures/minimal.ts';
import type { MachineUse } from '../../results/schema.ts';
import { MachineWatch, ownTicks, parseProcessStat, useBetween } from './machine-use.ts';

const test = suite('measure: machine use');

test('a process counts with all its descendants and with children that have ended; a name may hold anything', () => {
  const line = (parent: number, ticks: string) => `1 (a) b) S ${parent} 1 1 0 -1 4 0 0 0 0 ${ticks} 20 0`;
  assert.equal(parseProcessStat(line(7, '1 2 3 4')), { parent: 7, ticks: 10 });
  const all = new Map([
    [1, { parent: 0, ticks: 1000 }],
    [10, { parent: 1, ticks: 5 }],
    [11, { parent: 10, ticks: 7 }],
    [12, { parent: 11, ticks: 11 }],
    [20, { parent: 1, ticks: 99 }],
  ]);
  assert.is(ownTicks(10, all), 23);
});

test('what others used is what the machine did beside the run', () => {
  const at = (atMs: number, idle: number, steal: number, all: number, ownTicks: number) => ({
    atMs,
    machine: { idle, steal, all },
    ownTicks,
  });
  // Ten seconds of two cores: 2,000 ticks.
  assert.equal(useBetween(at(0, 0, 0, 0, 50), at(10_000, 400, 100, 2000, 1050)), {
    ownCores: 1,
    othersCores: 0.5,
    idleShare: 0.2,
    stealShare: 0.05,
  });
});

test('the children of this process are its own, even when they have ended', () => {
  const watch = new MachineWatch();
  spawnSync(process.execPath, [
    '-e',
    'const at = process.cpuUsage(); while (process.cpuUsage(at).user < 5e4);',
  ]);
  const { ownCores = 0 } = watch.use(null, undefined);
  assert.ok(ownCores > 0, `${ownCores} cores`);
});

test('a machine that others use, or that a hypervisor takes, is busy; the limits say by how much', () => {
  const use = (more: Partial<MachineUse>): MachineUse => ({
    ...{ cores: 2, loadAverageBefore: 22, loadAverageAfter: 23.04, niceValue: 0 },
    ...{ ownCores: 1, othersCores: 0.1, idleShare: 0.4, stealShare: 0.001, driver: null, proxyCores: null },
    ...more,
  });
  const why = (more: Partial<MachineUse>) => whyBusy({ ...minimalResult(), machineUse: use(more) });
  assert.is(why({}), undefined);
  assert.is(whyBusy(minimalResult()), undefined);
  assert.match(why({ othersCores: 0.6 })!, /others used 0\.60 of its 2 cores, at most 25 % is accepted/);
  assert.match(why({ stealShare: 0.08 })!, /hypervisor took 8\.0 % of the machine, at most 2 %/);
  const { environment } = minimalResult();
  const external = { ...environment, toxiproxy: { kind: 'external' as const, version: '2' } };
  assert.is(whyBusy({ environment: external, machineUse: use({ othersCores: 0.6 }) }), undefined);
  assert.is(
    machineText(use({})),
    '2 cores, load average 22.0 before and 23.0 after; this run used 1.00 cores, others 0.10; steal 0.1 %',
  );
});
