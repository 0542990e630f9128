import { assert, suite } from '#test';
import type { ServerError } from '../errors.ts';
import { configIn } from '../membership/config-node.ts';
import type { Configuration } from '../membership/configuration.ts';
import { parseQuorumConfig } from '../membership/quorum-text.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { VirtualClock } from '../runtime/virtual/virtual-clock.ts';
import type { ZkDatabase } from '../storage/zk-database.ts';
import { CONFIG_PATH, DataTree } from '../tree/data-tree.ts';
import { PeerConfiguration } from './peer-configuration.ts';

const test = suite('quorum: the configuration of one member');

const FILE = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n';
const WITH_OTHER_VOTERS = `${FILE}server.4=d:1:2\nserver.5=e:1:2\nversion=100000003`;
const WITH_AN_OBSERVER = `${FILE}server.4=d:1:2:observer\nversion=100000003`;

class Rig {
  readonly tree = new DataTree();
  readonly fatal: string[] = [];
  changes = 0;
  readonly configuration: PeerConfiguration;
  #flushed: (() => void) | null = null;

  readonly stored: string[] = [];
  readonly left: (number | null)[] = [];
  /** The leader that this member follows. */
  leader: number | null = 2;

  constructor(reconfigEnabled = false) {
    const database = {
      tree: this.tree,
      flush: (done: () => void) => {
        this.#flushed = done;
      },
    };
    const parts = {
      reconfigEnabled,
      store: {
        seen: ({ verifier }: Configuration) => void this.stored.push(`seen ${verifier.version}`),
        committed: ({ verifier }: Configuration) => void this.stored.push(`committed ${verifier.version}`),
      },
      events: new ServerEvents(),
      member: { sid: 1, role: 'participant' as const, config: parseQuorumConfig(`${FILE}version=0`) },
      database: database as unknown as ZkDatabase,
      clock: new VirtualClock(),
      logger: silentLogger,
      onFatal: ({ code }: ServerError) => void this.fatal.push(code),
    };
    this.configuration = new PeerConfiguration(parts, {
      onChange: () => {
        this.changes++;
        this.stored.push('told');
      },
      member: () => ({ sid: 1, leader: this.leader }),
      onLeaving: successor => void this.left.push(successor),
    });
  }

  putOnDisk(text: string): void {
    const node = this.tree.getNode(CONFIG_PATH)!;
    this.tree.setNodeData(CONFIG_PATH, node, Buffer.from(text), -1, 1, 1);
  }

  flush(): void {
    this.#flushed?.();
  }

  get versions(): number[] {
    const { committed, lastSeen } = this.configuration.membership;
    return [committed.verifier.version, lastSeen.verifier.version];
  }
}

test('a member stops because of other voters only once that configuration is on its disk, whoever names it', () => {
  const ways: [string, (rig: Rig) => boolean][] = [
    ['its leader', ({ configuration }) => configuration.onCommitted(WITH_OTHER_VOTERS) === 'goesOn'],
    ['its tree, at an election', ({ configuration }) => configuration.beginElection()],
    ['its tree, while it serves', ({ configuration }) => configuration.onCommitted(null) === 'goesOn'],
  ];
  for (const [who, hear] of ways) {
    const rig = new Rig();
    if (who !== 'its leader') rig.putOnDisk(WITH_OTHER_VOTERS);
    assert.is(hear(rig), false, who);
    assert.equal([rig.fatal, rig.changes], [[], 0], who);
    rig.flush();
    assert.equal(rig.fatal, ['ZK_VOTERS_CHANGED'], who);
  }
});

test('a configuration with the same voters is seen with NEWLEADER, abandoned by another one, and committed with UPTODATE', () => {
  const rig = new Rig();
  const { configuration } = rig;
  configuration.onSeen(WITH_AN_OBSERVER);
  assert.equal(rig.versions, [0, 0x1_0000_0003]);
  configuration.onSeen(`${FILE}version=0`);
  assert.equal(rig.versions, [0, 0]);
  assert.is(configuration.onCommitted(WITH_AN_OBSERVER), 'goesOn');
  assert.equal([rig.versions, rig.changes], [[0x1_0000_0003, 0x1_0000_0003], 3]);
});

test('the node that clients read gets the committed configuration as reconfig writes it, and is not rewritten when it has it', () => {
  const rig = new Rig();
  const { configuration, tree } = rig;
  rig.putOnDisk(WITH_OTHER_VOTERS);
  tree.getNode(CONFIG_PATH)!.aversion = 7;
  configuration.writeNode();
  const node = tree.getNode(CONFIG_PATH)!;
  assert.is(configIn(tree), configuration.membership.committed.verifier.text);
  assert.equal([node.version, node.aversion, node.mzxid], [-1, -1, 0]);
  node.mzxid = 5;
  configuration.writeNode();
  assert.is(node.mzxid, 5);
});

const OTHER_VOTERS = 0x1_0000_0003;

test('with reconfigEnabled a configuration is seen with its proposal, in force with its commit, and stored before anybody is told', () => {
  const rig = new Rig(true);
  const { configuration } = rig;
  configuration.onProposed(WITH_OTHER_VOTERS);
  assert.equal(rig.versions, [0, OTHER_VOTERS]);
  assert.is(configuration.onActivated(WITH_OTHER_VOTERS, 2), 'goesOn');
  assert.equal(rig.versions, [OTHER_VOTERS, OTHER_VOTERS]);
  assert.equal(rig.stored, [`seen ${OTHER_VOTERS}`, 'told', `committed ${OTHER_VOTERS}`, 'told']);
  assert.is(configuration.onActivated(WITH_OTHER_VOTERS, 3), 'goesOn', 'it is in force already');
  assert.equal([rig.left, rig.fatal], [[], []]);
});

test('a configuration with another leader, or with another role for this server, makes the member leave its leader', () => {
  const rig = new Rig(true);
  assert.is(rig.configuration.onActivated(WITH_OTHER_VOTERS, 3), 'leaves');
  assert.equal(rig.left, [3]);
  const demoted = new Rig(true);
  const asObserver = FILE.replace('server.1=a:1:2', 'server.1=a:1:2:observer');
  assert.is(demoted.configuration.onCommitted(`${asObserver}version=100000003`, 2), 'leaves');
  assert.equal(demoted.left, [2]);
});

test('a configuration of the leader’s own epoch in NEWLEADER is in force only if the sync brought it: it may be only proposed', () => {
  const rig = new Rig(true);
  rig.configuration.onSeen(WITH_OTHER_VOTERS);
  assert.is(rig.configuration.onCommitted(WITH_OTHER_VOTERS, 1), 'goesOn');
  assert.equal(rig.versions, [0, OTHER_VOTERS]);
  rig.putOnDisk(WITH_OTHER_VOTERS);
  rig.configuration.onCommitted(WITH_OTHER_VOTERS, 1);
  assert.equal(rig.versions, [OTHER_VOTERS, OTHER_VOTERS]);
  for (const text of [WITH_OTHER_VOTERS, `${FILE}version=200000000`]) {
    const completed = new Rig(true);
    completed.configuration.onCommitted(text, 2);
    assert.ok(completed.versions[0]! > 0, 'of an earlier epoch, or numbered by this one');
  }
});

test('what the log holds decides in the next election, whatever NEWLEADER said before', () => {
  const rig = new Rig(true);
  rig.putOnDisk(WITH_OTHER_VOTERS);
  assert.ok(rig.configuration.beginElection());
  assert.equal(rig.versions, [0, OTHER_VOTERS]);
  rig.configuration.onSeen(`${FILE}version=0`);
  assert.equal(rig.versions, [0, 0], 'abandoned');
});

test('a looking server adopts a newer configuration from a vote, even of a server that it does not know', () => {
  const rig = new Rig(true);
  rig.leader = null;
  const vote = { version: OTHER_VOTERS, text: WITH_OTHER_VOTERS };
  rig.configuration.onVote({ version: 2 ** 40, text: 'server.1=nonsense\nversion=10000000000', from: 2 });
  assert.equal(rig.versions, [0, 0]);
  rig.configuration.onVote({ ...vote, from: 4 });
  assert.equal(rig.versions, [OTHER_VOTERS, OTHER_VOTERS]);
  assert.equal([rig.left, rig.fatal], [[], []]);
});

test('a configuration that the server cannot read stops it, because others would count it for a member that follows', () => {
  const unreadable = 'server.1=a:1:2:wizard\nversion=100000003';
  const ways: ((configuration: PeerConfiguration) => void)[] = [
    configuration => configuration.onProposed(unreadable),
    configuration => configuration.onSeen(unreadable),
    configuration => void configuration.onActivated(unreadable, 2),
  ];
  for (const hear of ways) {
    const rig = new Rig(true);
    hear(rig.configuration);
    rig.flush();
    assert.equal([rig.fatal, rig.versions], [['ZK_CONFIG_VALUE'], [0, 0]]);
  }
});
