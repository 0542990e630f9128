import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { CLAIMS } from '../../bench/claims/index.ts';
import { LOCAL_HOST } from '../../bench/hosts/local-host.ts';
import { clients } from './clients.ts';
import { EXPERIMENTS, measuredBy, needsOf } from './index.ts';
import { topologiesOf } from './lab.ts';
import { suiteKeys } from './suite.ts';
import { parseSuite, readSuite, suiteNames, withRounds } from './suites.ts';
import { topologyRows } from './topology-rows.ts';

const test = suite('chaos/experiments: suites');
const QUICK = readFileSync(new URL('../../../bench/suites/quick.yaml', import.meta.url), 'utf8');
const FULL = readFileSync(new URL('../../../bench/suites/full.yaml', import.meta.url), 'utf8');

function problemOf(text: string): string {
  try {
    parseSuite(text, 'test', 'test.yaml');
    return '';
  } catch (error) {
    assert.is((error as Error).name, 'UsageError');
    return (error as Error).message;
  }
}

test('all suites of the project and their topologies are valid', () => {
  assert.equal(suiteNames(), ['full', 'hundreds', 'quick']);
  for (const name of suiteNames()) {
    const parsed = readSuite(name);
    assert.is(parsed.name, name);
    assert.equal(
      topologiesOf(parsed, 'zklab')
        .slice(0, 3)
        .map(topology => topology.name),
      ['voters', 'observers', 'masters'],
    );
  }
});

test('an unknown key is refused by name, wherever it stands', () => {
  assert.match(
    problemOf(`${QUICK}\nround: 3\n`),
    /test\.yaml:\d+: unknown key round; accepted are include, description/,
  );
  assert.match(
    problemOf(QUICK.replace('  depth:', '  deptth:')),
    /load: unknown key deptth; accepted are .*, depth/,
  );
});

test('values out of range name their key', () => {
  assert.match(problemOf(QUICK.replace(/^rounds: 6/m, 'rounds: 0')), /rounds: 0; accepted is 1 or more/);
  assert.match(
    problemOf(QUICK.replace(/^rounds: 6/m, 'rounds: six')),
    /rounds: "six"; accepted is a whole number/,
  );
  assert.match(problemOf(QUICK.replace(/^rounds: 6\n/m, '')), /rounds: missing; accepted is a whole number/);
  assert.match(
    problemOf(QUICK.replace('roundsMin: 6', 'roundsMin: 7')),
    /roundsMin: 7; accepted is at most rounds, which is 6/,
  );
  assert.match(problemOf(QUICK.replace('  voters:', '  "a b":')), /topologies\.a b: .* letters, digits/);
  assert.match(problemOf(FULL.replace('jitterMs: 5', 'jitterMs: 20')), /observerLatency\.jitterMs/);
  assert.match(
    problemOf(QUICK.replace('roles:\n', 'roles:\n  faultsOn: [observer2]\n')),
    /roles\.faultsOn: observer2; accepted are voters7, observers4/,
  );
  assert.match(
    problemOf(QUICK.replace('roles:\n', 'roles:\n  faultsOn: [voters7]\n')),
    /roles\.faultsOn: voters7 has no observers; accepted are topologies that have some/,
  );
  assert.match(problemOf('rounds: ['), /test\.yaml/);
});

test('what the load driver would refuse is refused when the suite is read', () => {
  for (const [key, value, accepted] of [
    ['depth', 20_000, '10000 or less'],
    ['sessionsPerTarget', 20_000, '10000 or less'],
    ['saturatedMs', 0, '1 or more'],
    ['pacedMs', 0, '1 or more'],
  ] as const) {
    const text = QUICK.replace(new RegExp(`^  ${key}: \\d+$`, 'm'), `  ${key}: ${value}`);
    assert.match(problemOf(text), `load.${key}: ${value}; accepted is ${accepted}`);
  }
});

test('the path of a topology begins in the folder of its suite', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'mine.yaml'), 'voters: 5\n');
  const file = join(folder, 'suite.yaml');
  writeFileSync(file, QUICK.replace('voters: voters=3', 'voters: mine.yaml'));
  assert.is(topologiesOf(readSuite(file), 'zklab')[0]!.members.length, 5);
});

test('an impossible topology is a usage error of the suite, at its line', () => {
  assert.match(
    problemOf(QUICK.replace('voters: voters=3', 'voters: votres=3')),
    /^test\.yaml:7: topologies\.voters: topology "votres=3": "votres=3" is not accepted/,
  );
  assert.match(
    problemOf(QUICK.replace('voters7: voters=7', 'voters7: voters=0')),
    /^test\.yaml:\d+: roles\.topologies\.voters7: topology "voters=0": there is no voter/,
  );
});

test('settings that the server would refuse are refused when the suite is read', () => {
  assert.match(
    problemOf(QUICK.replace('  syncLimit: 8', '  syncLimitt: 8')),
    /^test\.yaml:14: settings: syncLimitt=8: no such key; did you mean syncLimit\?/,
  );
  assert.match(
    problemOf(QUICK.replace('  syncLimit: 8', '  syncLimit: much')),
    /^test\.yaml:7: topologies\.voters: settings of v1: .*syncLimit/,
  );
});

test('a suite builds on another one with include, and a verdict advises the path of a suite from a file', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'mine.yaml');
  const quick = join(import.meta.dirname, '../../../bench/suites/quick.yaml');
  writeFileSync(file, `include: ${quick}\nload: { depth: 4 }\nrecoverMaxMs: 9\n`);
  const mine = readSuite(file);
  const { depth, sessionsPerTarget } = readSuite('quick').load;
  assert.equal([mine.load.depth, mine.load.sessionsPerTarget, mine.recoverMaxMs], [4, sessionsPerTarget, 9]);
  assert.not.equal(depth, 4);
  assert.equal([mine.name, mine.reference], ['mine', file]);
});

test('member settings in a topology file are kept; a suite may not choose the server', () => {
  const file = join(temporaryFolder(), 'own.yaml');
  writeFileSync(
    file,
    'members: [{ dc: paris, settings: { snapCount: 50 } }, { name: far, role: observer }]\n',
  );
  const text = QUICK.replace('voters: voters=3', `voters: ${file}`);
  const [topology] = topologiesOf(parseSuite(text, 'test', 'test.yaml'), 'apache');
  assert.equal(
    topology!.members.map(({ name, dc, implementation, settings }) => [
      name,
      dc,
      implementation,
      settings.snapCount,
    ]),
    [
      ['v1', 'paris', 'apache', '50'],
      ['far', undefined, 'apache', undefined],
    ],
  );
  assert.match(
    problemOf(QUICK.replace('voters: voters=3', 'voters: voters=3 server=apache')),
    /topologies\.voters: .*v1 has the implementation apache; .*--server/,
  );
});

test('the ensembles of the roles experiment are rows of a result with their links and budgets', () => {
  const parsed = readSuite('quick');
  const named = (needs: readonly string[]) =>
    topologyRows({ suite: parsed, server: 'zklab', needs: new Set(needs) });
  assert.equal(new Set(named(['healthy']).map(({ links }) => links)), new Set(['proxied']));
  const rows = named(['healthy', 'roles']).filter(({ experiment }) => experiment === 'roles');
  assert.equal(
    rows.map(({ name, links }) => [name, links]),
    [
      ['voters7', 'direct'],
      ['observers4', 'observers proxied'],
    ],
  );
  const budget = LOCAL_HOST.noBudget() === undefined ? 0.2 : undefined;
  assert.equal(new Set(rows.map(({ budgetCores }) => budgetCores)), new Set([budget]));
  assert.is(new Set(rows.map(({ members }) => members.length)).size, 1, 'as many processes in each');
  const able = { ...LOCAL_HOST, noBudget: () => undefined };
  const poor = { ...LOCAL_HOST, noBudget: () => 'it has no cgroups' };
  const hostOf = ({ name }: { name: string }) => (name === 'o1' ? poor : able);
  const budgets = topologyRows({ suite: parsed, server: 'zklab', needs: new Set(['roles']), hostOf })
    .filter(({ experiment }) => experiment === 'roles')
    .map(({ members, budgetCores }) => [members.some(({ name }) => name === 'o1'), budgetCores]);
  assert.equal(new Set(budgets.map(String)), new Set(['false,0.2', 'true,']));
  assert.match(
    problemOf(QUICK.replace('voters7:', 'voters:')),
    /two topologies are named voters; accepted is one/,
  );
});

test('a run names only topologies that it starts', () => {
  const namesFor = (...needs: readonly string[]) =>
    topologyRows({ suite: readSuite('quick'), server: 'zklab', needs: new Set(needs) }).map(
      ({ name }) => name,
    );
  assert.equal(namesFor('observersBlackholed'), ['voters7', 'observers4']);
  assert.equal(namesFor('healthy'), ['voters', 'observers', 'masters']);
  assert.is(namesFor('leaderKilled', 'roles').length, 5);
  assert.ok(namesFor().length > 0, 'a result has at least one topology');
});

test('a claim that a suite does not measure is left out, unless it is asked for', () => {
  const [quick, full] = [readSuite('quick'), readSuite('full')];
  const needing = (...needs: readonly string[]) =>
    CLAIMS.filter(claim => claim.needs.some(need => needs.includes(need)));
  const crowded = needing('crowds', 'storms');
  const ofClients = clients.provides(full as Parameters<typeof clients.provides>[0]);
  assert.ok(crowded.length > 0);
  assert.equal(
    CLAIMS.filter(claim => !measuredBy(quick, CLAIMS).includes(claim)),
    needing(
      ...[
        'crowds',
        'storms',
        'streams',
        'proposals',
        'hundreds',
        'failovers',
        'reconfigurations',
        'sessions',
        'observerLatency',
        'greedyNeighbours',
        'rolesBehindMasters',
      ],
      ...ofClients,
    ),
  );
  assert.equal(measuredBy(full, CLAIMS), [...CLAIMS]);
  assert.throws(() => needsOf(crowded, quick), /claim .* needs "storms", which no experiment of suite quick/);
});

test('crowds need their control, each size once, and topologies that exist, whether a claim asks or not', () => {
  assert.match(
    problemOf(FULL.replace('sinks: [0, 100', 'sinks: [10, 100')),
    /test\.yaml:\d+: crowds\.sinks: 10, 100, 300, 1000; accepted are different sizes, one of which is 0, the control/,
  );
  assert.match(
    problemOf(FULL.replace('sinks: [0, 100', 'sinks: [0, 300')),
    /crowds\.sinks: 0, 300, 300, 1000/,
  );
  assert.match(
    problemOf(FULL.replace('crowd: voters=3 observers=1', 'crowd: voters=3 observer=1')),
    /test\.yaml:\d+: crowds\.topologies\.crowd: .*observer/,
  );
  assert.match(problemOf(FULL.replace('sinks: [0, 100', 'sinks: [0, 5000')), /crowds\.sinks\.1: 5000/);
});

test('storms need voters with a bandwidth, and only storms have one', () => {
  assert.match(
    problemOf(FULL.replace('storm: voters=5 observers=2 bandwidth=100mbit', 'storm: voters=5 observers=2')),
    /storms\.topologies\.storm: voters=5 observers=2; accepted are three voters or more, each with a bandwidth/,
  );
  assert.match(
    problemOf(FULL.replace('storm: voters=5', 'storm: voters=2')),
    /accepted are three voters or more/,
    'of two, nobody can take over',
  );
  assert.match(problemOf(FULL.replace('{ mb: 10,', '{ mb: 1000,')), /snapshots\.1\.mb: 1000/);
  assert.match(
    problemOf(QUICK.replace('voters: voters=3', 'voters: voters=3 bandwidth=1gbit')),
    /topologies\.voters: voters=3 bandwidth=1gbit: members with a bandwidth .* without proxies/,
  );
});

test('a suite is given by name or by path', () => {
  assert.throws(() => readSuite('fast'), /suite "fast": accepted are full, .*quick.*, or a \.yaml file/);
  assert.throws(() => readSuite('no/such.yaml'), /cannot be read/);
});

test('a suite may add a condition with any fault; an invalid condition is refused', () => {
  const added = (condition: string) => `${QUICK}conditions: { slow followers: ${condition} }\n`;
  const latency =
    '{ fault: latency, select: { from: { role: follower }, to: { role: leader } }, latencyMs: 5, topologies: [voters] }';
  const mended = parseSuite(added(latency), 'test', 'test.yaml');
  const needing = (need: string) => [{ ...CLAIMS[0]!, needs: [need] }];
  assert.equal([...needsOf(needing('slow followers'), mended)], ['slow followers']);
  assert.ok(needsOf(needing('healthy'), mended).has('slow followers'));
  assert.throws(
    () => needsOf(needing('slow followers'), readSuite('quick')),
    /needs "slow followers", which no experiment/,
  );
  assert.match(
    problemOf(added(latency.replace('latency,', 'late,'))),
    /test\.yaml:\d+: conditions\.slow followers\.fault: "late"; accepted are latency/,
  );
  assert.match(
    problemOf(added(latency).replace('slow followers', 'one voter blackholed')),
    /conditions\.one voter blackholed: a condition of zklab has this name/,
  );
  assert.match(problemOf(added(latency.replace('latencyMs', 'ms'))), /unknown key ms; accepted are select/);
  assert.match(
    problemOf(added(latency.replace('[voters]', '[voter]'))),
    /topologies: voter; accepted are voters, observers/,
  );
});

test('--rounds applies to every experiment, but never adds outages', () => {
  const roundsOf = (rounds: number) => {
    const { roles, sync, availability, fairness, ...suite } = withRounds(
      readSuite('full'),
      rounds,
    ) as ReturnType<typeof readSuite> &
      Record<'sync' | 'availability' | 'fairness', { rounds: number }> & { roles: { starts: number } };
    const others = [sync.rounds, availability.rounds, fairness.rounds, roles.starts];
    return [suite.rounds, suite.roundsMin, ...others];
  };
  assert.equal(roundsOf(1), [1, 1, 1, 1, 1, 1]);
  assert.equal(roundsOf(20), [20, 20, 20, 6, 20, 20]);
});

test('experiments share no key of a suite and provide nothing twice', () => {
  const keys = [...Object.keys(suiteKeys), ...EXPERIMENTS.flatMap(each => Object.keys(each.keys))];
  assert.is(new Set(keys).size, keys.length, keys.join());
  const provided = EXPERIMENTS.flatMap(each => each.provides(readSuite('quick')));
  assert.is(new Set(provided).size, provided.length, provided.join());
});
