import { assert, suite } from '#test';
import type { ServerError } from '../errors.ts';
import { configIn } from '../membership/config-node.ts';
import { parseQuorumConfig } from '../membership/quorum-text.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import { silentLogger } from '../runtime/logger.ts';
import { VirtualClock } from '../runtime/virtual-clock.ts';
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

  constructor() {
    const database = {
      tree: this.tree,
      flush: (done: () => void) => {
        this.#flushed = done;
      },
    };
    const parts = {
      reconfigEnabled: false,
      store: null,
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
      },
      member: () => ({ sid: 1, leader: 1 }),
      onLeaving: () => {},
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

test('a member stops for other voters once what it read them from is on its disk, whoever names them', () => {
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

test('the node that clients read gets the committed configuration as reconfig writes it, and is left alone when it has it', () => {
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
