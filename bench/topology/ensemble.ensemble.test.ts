/** The same tests for every server on this machine. Benchmarks and chaos runs start the same processes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, quickJava, requirePeer, suite, temporaryFolder, until } from '#test';
import { APACHE_RELEASE } from '../hosts/apache/cache.ts';
import { findApacheZooKeeper } from '../hosts/apache-zookeeper.ts';
import { LOCAL_HOST } from '../hosts/local-host.ts';
import { identityOf } from '../hosts/process-identity.ts';
import { runtimeFolder } from '../hosts/reaper.ts';
import { ZkClient } from '../load/client/client.ts';
import { Ensemble } from './ensemble.ts';
import { EnsembleError } from './ensemble-error.ts';
import { brokenMembers, deathRows, deathsSince, mendEnsemble, pausedMembers } from './ensemble-health.ts';
import { fourLetterWord, parseSrvr } from './four-letter.ts';
import { planEnsemble } from './plan.ts';
import { readTopology } from './read-topology.ts';
import { topologyOf } from './topology.ts';

const test = suite('ensemble');
const DEADLINE = { deadlineMs: 300_000 };
/** A server of ours has begun to look for a leader within this time. */
const READY_MAX_MS = 10_000;
const ANSWERED = { deadlineMs: 60_000 };

function requireApache(release?: string): void {
  requirePeer(
    `apache zookeeper ${release ?? ''}`,
    findApacheZooKeeper(release),
    'the lab starts it like every member',
  );
}

const FORMS = {
  voters: 'voters=3',
  observers: 'voters=3 observers=2',
  masters: 'voters=3 observers=2 masters=on',
} as const;

for (const name of ['voters', 'observers'] as const)
  test(
    `zklab, ${name}: ready means one leader and every member in its role`,
    () => withEnsemble(FORMS[name], ensemble => isInItsRoles(name, ensemble)),
    DEADLINE,
  );

/** A JVM costs as much as five members of ours, so there is one ensemble of them. */
for (const server of ['zklab', 'apache'])
  test(
    `${server}, masters: ready means every member in its role; one that is killed is down, and back on its data after a restart`,
    async () => {
      if (server === 'apache') requireApache();
      await withEnsemble(`${FORMS.masters} server=${server}`, async ensemble => {
        await isInItsRoles('masters', ensemble);
        const leader = await ensemble.leaderWithin();
        const { pid } = leader;
        assert.is((await leader.process.kill()).signal, 'SIGKILL');
        assert.is(await leader.mode(), 'down');
        assert.equal(ensemble.ended(), [`${leader.name}: signal SIGKILL`]);
        assert.is(identityOf(pid), undefined);
        await ensemble.restart(leader.name);
        await ensemble.ready();
        assert.is.not(leader.pid, pid);
      });
    },
    DEADLINE,
  );

async function isInItsRoles(name: keyof typeof FORMS, ensemble: Ensemble): Promise<void> {
  const modes = await reportedModes(ensemble);
  const count = (mode: string) => [...modes.values()].filter(each => each === mode).length;
  const observers = name === 'voters' ? 0 : 2;
  assert.equal([count('leader'), count('follower'), count('observer')], [1, 2, observers]);

  const leader = await ensemble.leaderWithin();
  const masters = await mastersOf(ensemble, observers);
  if (name === 'observers') assert.equal(new Set(masters.values()), new Set([leader.name]));
  if (name === 'masters') for (const master of masters.values()) assert.is.not(master, leader.name);
  await writeAndReadBack(ensemble);
}

/** Of each observer, the member that it is attached to. */
function mastersOf(ensemble: Ensemble, observers: number): Promise<ReadonlyMap<string, string>> {
  return until(
    async () => {
      const found = await ensemble.learnerMasters();
      return found.size === observers && found;
    },
    { ...ANSWERED, what: `the masters of ${observers} observers` },
  );
}

/** On a busy machine a member may miss a question and look down. Then all are asked again. */
function reportedModes(ensemble: Ensemble): Promise<ReadonlyMap<string, string>> {
  return until(
    async () => {
      const modes = await ensemble.modes();
      return ![...modes.values()].includes('down') && modes;
    },
    { ...ANSWERED, what: 'an answer of every member' },
  );
}

async function writeAndReadBack(ensemble: Ensemble): Promise<void> {
  const [first, ...others] = ensemble.members;
  const client = await ZkClient.connect(first!.clientAddress);
  await client.create('/here', 'value');
  await client.close();
  for (const { clientAddress } of others) {
    const other = await ZkClient.connect(clientAddress);
    await other.sync('/here');
    assert.is(String((await other.getData('/here')).data), 'value');
    await other.close();
  }
}

test('members run within their CPU budgets, and get them again after a restart', async () => {
  const noBudget = LOCAL_HOST.noBudget();
  if (noBudget !== undefined) {
    await refusesBudget(noBudget);
    return;
  }
  await withEnsemble('voters=1 budget=0.2', async ensemble => {
    const [member] = ensemble.members;
    const groupOf = (pid: number) => readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    const first = groupOf(member!.pid);
    assert.match(first, /zklab-/);
    await member!.process.kill();
    await ensemble.restart(member!.name);
    assert.match(groupOf(member!.pid), /zklab-/);
    assert.is.not(groupOf(member!.pid), first);
  });
});

async function refusesBudget(because: string): Promise<void> {
  const plan = planEnsemble(readTopology('voters=1 budget=0.2'), temporaryFolder());
  const error = await plan.then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  assert.match(error?.message ?? '', because);
}

for (const server of ['zklab', 'apache'])
  test(
    `${server}: a paused member answers nothing, and stopping it does not wait for it`,
    async () => {
      if (server === 'apache') requireApache();
      await withEnsemble(`voters=1 server=${server}`, async ensemble => {
        const [only] = ensemble.members;
        only!.pause();
        await until(async () => (await only!.mode(300)) === 'down', { deadlineMs: 60_000, what: 'silence' });
        only!.resume();
        await ensemble.ready();
        only!.pause();
      });
    },
    DEADLINE,
  );

test(
  'a member that dies or stands still by itself is named with the end of its log, and mended; a fault of the lab is not',
  async () => {
    await withEnsemble('voters=1 observers=1', async ensemble => {
      const [voter, observer] = ensemble.members;
      const before = observer!.pid;
      process.kill(before, 'SIGKILL');
      await until(() => brokenMembers(ensemble).length === 1, { deadlineMs: 30_000, what: 'its end' });
      const [death] = await deathsSince(ensemble, 0);
      assert.match(death!, /^o1 ended by itself with signal SIGKILL; its log ends: \{/);
      process.kill(voter!.pid, 'SIGSTOP');
      await until(() => pausedMembers(ensemble).length === 1, { deadlineMs: 30_000, what: 'its pause' });
      assert.match(pausedMembers(ensemble)[0]!, /^v1 \(process \d+\) was paused by somebody else$/);
      const did = await mendEnsemble(ensemble, 60_000);
      assert.equal(did, ['v1 goes on (SIGCONT)', 'o1 was started again on its data']);
      const [row] = deathRows(ensemble, 'both', () => 'a test');
      assert.equal(
        [row!.member, row!.role, row!.exit, row!.during],
        ['o1', 'observer', 'signal SIGKILL', 'a test'],
      );
      const { pid } = observer!;
      assert.is.not(pid, before);
      observer!.signal('SIGKILL', pid);
      await until(() => brokenMembers(ensemble).length === 1, { deadlineMs: 30_000, what: 'the fault' });
      assert.equal(await deathsSince(ensemble, 1), []);
    });
  },
  DEADLINE,
);

test(
  'a member that has ended is restarted, although the lab has not heard of its end',
  async () => {
    await withEnsemble('voters=1', async ensemble => {
      const { name, pid, host, process } = ensemble.members[0]!;
      process.signal('SIGKILL');
      // Without a turn of the event loop, in which the lab would hear of it.
      while (host.stateOf(pid) !== 'gone');
      assert.ok(process.isRunning);
      await ensemble.restart(name);
      assert.is.not(ensemble.member(name).pid, pid);
    });
  },
  DEADLINE,
);

test(
  'a member that ends at once fails the start with its name, its exit code and its last output',
  async () => {
    const command = '/bin/sh -c echo\\ no\\ such\\ {cfg}\\ here;exit\\ 7';
    const topology = topologyOf({ members: [{ name: 'broken', implementation: { command } }] }, 'test');
    const plan = await planEnsemble(topology, temporaryFolder());
    const failure = await Ensemble.start(plan).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.instance(failure, EnsembleError);
    assert.match(String(failure), /1 of 1 members ended\n {2}broken \(127\.[\d.:]+\) ended with exit code 7/);
    assert.ok(String(failure).includes(`    no such ${plan.members[0]!.cfgFile} here`), String(failure));
  },
  DEADLINE,
);

test(
  'a start that misses its deadline says which member lacks what and leaves nothing running',
  async () => {
    const silent = { command: 'sh -c sleep\\ 1000 {cfg}' };
    const topology = topologyOf(
      { members: [{ implementation: 'zklab' }, { implementation: silent }, { implementation: silent }] },
      'test',
    );
    const plan = await planEnsemble(topology, temporaryFolder());
    const failure = await Ensemble.start(plan, { readyMaxMs: READY_MAX_MS }).then(String, String);
    assert.ok(failure.includes(`the ensemble was not ready within ${READY_MAX_MS} ms`), failure);
    assert.match(failure, /v1 \(.*\) is looking, should be leader or follower/);
    assert.match(failure, /v2 \(.*\) is down, should be leader or follower/);
    assert.equal(registered(plan.folder), []);
  },
  DEADLINE,
);

test(
  'commands are members too: a topology may mix implementations, and releases of one',
  async () => {
    requireApache();
    requireApache(APACHE_RELEASE);
    const { java, classPath } = findApacheZooKeeper()!;
    const command = `${java} ${quickJava(128).join(' ')} -cp ${classPath} org.apache.zookeeper.server.quorum.QuorumPeerMain {cfg}`;
    const topology = topologyOf(
      {
        members: [
          { implementation: `apache@${APACHE_RELEASE}` },
          { implementation: { command } },
          { role: 'observer', implementation: { command } },
        ],
      },
      'test',
    );
    const ensemble = await Ensemble.start(await planEnsemble(topology, temporaryFolder()));
    try {
      assert.is((await reportedModes(ensemble)).get('o1'), 'observer');
      const leader = await ensemble.leaderWithin();
      assert.equal([...(await mastersOf(ensemble, 1))], [['o1', leader.name]]);
      const said = await fourLetterWord(ensemble.member('v1').plan.ports.client, 'srvr');
      assert.ok(parseSrvr(said)?.version.startsWith(APACHE_RELEASE), said);
    } finally {
      await ensemble.stop();
    }
  },
  DEADLINE,
);

async function withEnsemble(form: string, body: (ensemble: Ensemble) => Promise<void>): Promise<void> {
  const plan = await planEnsemble(readTopology(form), temporaryFolder());
  const ensemble = await Ensemble.start(plan, { javaFlags: quickJava(128) });
  const pids = ensemble.members.map(({ pid }) => pid);
  try {
    await body(ensemble);
  } finally {
    await ensemble.stop();
  }
  assert.equal(
    [...pids, ...ensemble.members.map(({ pid }) => pid)].filter(pid => identityOf(pid)),
    [],
  );
  assert.equal(registered(plan.folder), []);
  for (const { plan: planned } of ensemble.members) assert.ok(existsSync(join(planned.folder, 'member.log')));
}

function registered(folder: string): string[] {
  const texts = readdirSync(runtimeFolder()).map(name => {
    try {
      return readFileSync(join(runtimeFolder(), name), 'utf8');
    } catch {
      // Registered by another lab, and gone since.
      return '';
    }
  });
  return texts.filter(text => text.includes(folder));
}
