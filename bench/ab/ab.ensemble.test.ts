/** `bench ab` as a person would use it: this build against the last commit, too short to show anything. */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, onPath, requirePeer, suite, temporaryFolder, until } from '#test';
import { readEvents } from '../../results/events.ts';
import { loadRun } from '../../results/store.ts';
import { parseConfig } from '../../server/config/server-config.ts';
import { nodeDisk } from '../../server/runtime/node/node-disk.ts';
import { readAuthorities, readIdentity } from '../../server/security/stores/read-store.ts';
import { PEER_METRICS } from '../peer/metrics.ts';
import { terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { type AbOptions, benchAb } from './ab.ts';
import { contestantOf, settingsOf } from './contestant.ts';
import { findRevision, serverOf } from './revision.ts';

const test = suite('bench ab');
const HERE = join(import.meta.dirname, '../../..');

function ab(options: Partial<AbOptions>) {
  const root = temporaryFolder();
  const printed: string[] = [];
  const out = { write: (text: string) => printed.push(text) };
  const { signal } = new AbortController();
  const shared = { rounds: 1, seconds: 0.5, json: false, topology: 'voters=1', margin: 3 };
  const run = benchAb(terminal({ out, err: { write: () => {} } }), {
    ...shared,
    ...{ a: 'zklab', b: 'zklab', aSet: [], bSet: [], signal, root },
    ...options,
  });
  return { root, printed, run };
}

test(
  'a git revision and this build give every metric of both, and no build is left behind',
  async () => {
    process.env.TMPDIR = temporaryFolder();
    const { commit } = (await findRevision('HEAD'))!;
    const { root, printed, run } = ab({ a: 'HEAD', bSet: ['snapCount=5000'] });
    const exitCode = await run;
    const result = await loadRun(join(root, 'latest'));
    assert.is(exitCode, result.validity.void ? 3 : 0);
    assert.equal(
      result.topologies.map(({ name }) => name),
      ['b', 'a'],
    );
    // Memory at rest is not read with phases as short as these.
    for (const { name } of PEER_METRICS.filter(({ name }) => name !== 'restingMemory'))
      for (const topology of ['a', 'b'])
        assert.ok(
          result.measurements.some(
            each => each.metric === name && each.topology === topology && each.summary.median! > 0,
          ),
          `${name} of ${topology}`,
        );
    assert.match(printed.join(''), `b (zklab, snapCount=5000) and a (commit ${commit})`);
    assert.match(result.run.commandLine, '--a HEAD --b zklab --b-set snapCount=5000');
    assert.equal(
      readdirSync(tmpdir()).filter(name => name.startsWith('zklab-ab-')),
      [],
    );
  },
  { deadlineMs: 300_000 },
);

test(
  'a run that is ended early is void and keeps its result, like a run of bench peer',
  async () => {
    const ending = new AbortController();
    const { root, run } = ab({ signal: ending.signal });
    await until(() => readdirSync(root).some(name => warmsUp(join(root, name))), {
      deadlineMs: 240_000,
      what: 'the warm-up round to begin',
    });
    ending.abort();
    assert.is(await run, 3);
    const { validity } = await loadRun(join(root, 'latest'));
    assert.equal(validity, { void: true, reasons: ['ended early, after 0 of 1 rounds'] });
  },
  { deadlineMs: 300_000 },
);

/** Whether this run has come to its warm-up round, which takes as long as one that counts. */
function warmsUp(folder: string): boolean {
  return readEvents(folder).some(event => event.kind === 'phase' && event.what.startsWith('warm-up round'));
}

test('a folder with a build, a command and a git revision are told apart; anything else is refused', async () => {
  const of = (server: string) =>
    contestantOf({
      ...{ name: 'a', server, settings: {}, topology: 'voters=3', folder: temporaryFolder() },
      onBuild: () => {},
    });
  const folder = await of(HERE);
  assert.equal(folder.version, `(folder ${HERE})`);
  assert.equal(folder.topology.members[0]!.implementation, {
    command: `${process.execPath} ${serverOf(HERE)!} {cfg}`,
  });
  const command = await of('my-server {cfg}');
  assert.equal(command.topology.members.length, 3);
  assert.equal(command.topology.members[0]!.implementation, { command: 'my-server {cfg}' });
  for (const server of ['no-such-thing', '', '--exec=x', temporaryFolder()]) {
    const error = await of(server).catch((thrown: Error) => thrown);
    assert.instance(error, UsageError, server);
    assert.match(
      String(error),
      /accepted are zklab, apache, apache@3.9.5, a folder with dist\/server\/main\.js, a git revision/,
    );
  }
});

test('a side with TLS between its members has a certificate that its server can use, and says so', async () => {
  requirePeer('openssl', onPath('openssl'), 'the certificate of a run');
  const named = { name: 'b', server: 'apache', settings: { snapCount: '10' }, folder: temporaryFolder() };
  const side = await contestantOf({ ...named, topology: 'voters=3', tls: true, onBuild: () => {} });
  assert.is(side.version, '(apache, snapCount=10, TLS between members)');
  const member = 'dataDir=/d\nclientPort=2181\ninitLimit=10\nsyncLimit=5\nserver.1=a:1:2\nserver.2=b:1:2\n';
  const own = Object.entries(side.topology.members[0]!.settings).map(([key, value]) => `${key}=${value}\n`);
  const { quorumTls } = parseConfig({ path: 'zoo.cfg', text: member + own.join(''), myid: '1' });
  const { subject } = readIdentity(nodeDisk, quorumTls!.keyStore).certificate;
  assert.equal([quorumTls!.dials, quorumTls!.verifiesHost, subject], [true, false, 'CN=zklab']);
  assert.is(readAuthorities(nodeDisk, quorumTls!.trustStore).length, 1);
});

test('settings are key=value, and checked as those of a topology are', async () => {
  assert.equal(settingsOf('a', ['snapCount=10', 'x=a=b']), { snapCount: '10', x: 'a=b' });
  assert.throws(() => settingsOf('b', ['snapCount']), /--b-set snapCount: accepted is a key of zoo.cfg, =/);
  await assertRefused({ aSet: ['snapCout=1'] }, /--a zklab: .*did you mean snapCount\?/);
  await assertRefused({ topology: 'votres=3' }, /votres=3/);
});

async function assertRefused(options: Partial<AbOptions>, says: RegExp): Promise<void> {
  const { root, run } = ab(options);
  const error = await run.catch((thrown: Error) => thrown);
  assert.instance(error, UsageError);
  assert.match(String(error), says);
  assert.equal(readdirSync(root), []);
}
