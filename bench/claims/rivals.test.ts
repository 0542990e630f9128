/** Claims that measure ours beside Apache ZooKeeper, and a hundred whole observers, with planted numbers. */
import { assert, suite } from '#test';
import { CONDITIONS, RIVALS } from '../../results/names.ts';
import { around, type Planted, plantedResult, plantedTopology } from './claims.test-kit.ts';
import { failsOverSooner } from './fails-over-sooner.ts';
import { hundredsServeSooner } from './hundreds-serve-sooner.ts';
import { Evidence } from './judging/evidence.ts';
import { reconfigurationsLeaveClients } from './reconfigurations-leave-clients.ts';

const test = suite('bench/claims: rivals and hundreds');
const BOTH = Object.values(RIVALS).map(name => ({ ...plantedTopology(name, 3, 1), experiment: 'rivals' }));

const planted = (metric: string, topology: string, condition: string, centre: number): Planted => ({
  ...{ metric, topology, condition },
  values: around(centre),
});

test('L16: 0.6 of the time of Apache ZooKeeper holds, 0.9 fails, and alone nothing is shown', () => {
  const judged = (ours: number, topologies = BOTH) => {
    const failover = (topology: string, ms: number) =>
      planted('syncFirstWriteMs', topology, CONDITIONS.leaderKilled, ms);
    const all = [failover(RIVALS.zklab, ours), failover(RIVALS.apache, 400)];
    return failsOverSooner.judge(new Evidence(plantedResult(all, topologies)));
  };
  assert.is(judged(240).verdict, 'holds');
  assert.match(
    judged(240).reason,
    /3 voters and 1 observer of ours took 0\.6× the time of as many of Apache/,
  );
  assert.is(judged(360).verdict, 'fails');
  assert.is(judged(240, BOTH.slice(0, 1)).verdict, 'not shown here');
});

test('L17: the longer wait of our clients is judged, and that of Apache ZooKeeper is shown beside it', () => {
  const judged = (changed: number) => {
    const wait = (topology: string, condition: string, ms: number) =>
      planted('longestWaitMs', topology, condition, ms);
    const { steadyClients, reconfigured } = CONDITIONS;
    const all = [
      ...[wait(RIVALS.zklab, steadyClients, 10), wait(RIVALS.zklab, reconfigured, changed)],
      ...[wait(RIVALS.apache, steadyClients, 12), wait(RIVALS.apache, reconfigured, 900)],
    ];
    return reconfigurationsLeaveClients.judge(new Evidence(plantedResult(all, BOTH)));
  };
  assert.is(judged(20).verdict, 'holds');
  assert.is(judged(200).verdict, 'fails');
  assert.match(
    judged(20).warnings!.join(),
    /Apache ZooKeeper waited 9\d\d ms at most in reconf.* and 1\d(\.\d)? ms/,
  );
});

test('004-18c: packed observers are compared with packed ones, and single ones with single ones', () => {
  const named = (shortForm: string, masters = false) => ({
    ...plantedTopology(shortForm.replaceAll(/\W/g, ''), 3, 100, masters),
    ...{ shortForm, experiment: 'hundreds' },
  });
  const topologies = [
    named('voters=3 observers=100 packed=25'),
    named('voters=3 observers=100 masters=on packed=25', true),
    named('voters=3 observers=100'),
    named('voters=3 observers=100 masters=on', true),
  ];
  const judged = (...ms: readonly number[]) => {
    const all = ms.map((value, at) =>
      planted('syncLastLearnerMs', topologies[at]!.name, CONDITIONS.leaderKilled, value),
    );
    return hundredsServeSooner.judge(new Evidence(plantedResult(all, topologies)));
  };
  assert.is(judged(4000, 3000, 9000, 7000).verdict, 'holds');
  const { verdict, reason } = judged(4000, 3000, 7000, 9000);
  assert.is(verdict, 'fails');
  assert.match(reason, /1\.29× the time/);
});
