/**
 * Whole members whose logs come from an ensemble that Apache ZooKeeper led and reconfigured before.
 * reconfigEnabled is off here, so a member must stop when the voters differ from those of its zoo.cfg.
 */

import { assert, suite } from '#test';
import type { ServerError } from '../errors.ts';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { ELECTION_PORT, MemoryEnsemble, OBSERVER_MASTER_PORT } from '../memory-ensemble.test-kit.ts';
import { Metrics } from '../metrics/metrics.ts';
import { ServerEvents } from '../metrics/server-events.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { databaseDefaults } from '../storage/database-config.ts';
import { EpochFiles } from '../storage/epoch-file.ts';
import { parseTxnPacket } from '../storage/parse-txn.ts';
import { packetOf } from '../storage/storage.test-kit.ts';
import { ZkDatabase } from '../storage/zk-database.ts';
import { encodeNotification, writeInitialMessage } from '../wire/election-message.ts';
import { JuteWriter } from '../wire/jute.ts';
import { OpCode } from '../wire/opcodes.ts';
import type { TxnPacket } from '../wire/txn-packet.ts';
import { makeZxid } from '../wire/zxid.ts';

const test = suite('quorum: the voters were changed');

const CONFIG = '/zookeeper/config';
const VERSION = makeZxid(1, 2);
const VERSION_LINE = 'version=100000002';
const lineOf = (sid: number, role = 'participant') => `server.${sid}=zk${sid}:2888:3888:${role}`;
const VOTERS = [1, 2, 3].map(sid => lineOf(sid));
/** The observer of the ensemble, and one that joined. */
const OBSERVERS_CHANGED = [...VOTERS, lineOf(4, 'observer'), lineOf(9, 'observer'), VERSION_LINE].join('\n');
const VOTERS_CHANGED = [...VOTERS, lineOf(4), lineOf(5), VERSION_LINE].join('\n');

function reconfig(zxid: number, text: string): TxnPacket {
  return packetOf(zxid, { type: OpCode.reconfig, path: CONFIG, data: Buffer.from(text), version: -1 });
}

/** Writes it to the log of a member that does not run. Nobody can say whether it was committed. */
function writeHistory(ensemble: MemoryEnsemble, sid: number, text: string): void {
  const { clock, disk, random } = ensemble.machine(sid).boot();
  const events = new ServerEvents();
  const parts = { disk, clock, random, metrics: new Metrics(), events, logger: silentLogger };
  const database = new ZkDatabase(parts, {
    ...databaseDefaults,
    dataDir: '/data',
    dataLogDir: '/data',
    preAllocBytes: 0,
  });
  database.load();
  const session = packetOf(makeZxid(1, 1), { type: OpCode.createSession, timeoutMs: 4000 }, 5n);
  for (const packet of [session, reconfig(VERSION, text)]) {
    database.append(packet);
    database.applyPacket(packet);
  }
  database.close();
  const epochs = new EpochFiles(disk, database.snapDirectory);
  epochs.load(0, events);
  epochs.setAcceptedEpoch(1);
  epochs.setCurrentEpoch(1);
  ensemble.machine(sid).crash('kill');
}

function configAt(ensemble: MemoryEnsemble, sid: number): string {
  return String(ensemble.server(sid).database.tree.getNode(CONFIG)?.data);
}

test('a server whose log names other voters in a newer configuration does not start, and says what it found', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 });
  for (const sid of [2, 4]) {
    writeHistory(ensemble, sid, VOTERS_CHANGED);
    assert.throws(
      () => ensemble.boot(sid),
      (error: ServerError) => {
        assert.is(error.code, 'ZK_VOTERS_CHANGED');
        assert.match(
          error.message,
          /version 0x100000002 with the voters 1, 2, 3, 4, 5; this server has version 0x0 with the voters 1, 2, 3\./,
        );
        return true;
      },
      `member ${sid}`,
    );
  }
});

test('with the lines of the new configuration, and its version, it starts', () => {
  const ensemble = new MemoryEnsemble({ voters: 5, settings: { version: '100000002' } });
  writeHistory(ensemble, 2, VOTERS_CHANGED);
  ensemble.start();
  assert.is(MemoryClient.open(ensemble, ensemble.leader).create('/a').err, 0);
});

test('a newer configuration with the same voters is kept, served and handed on; it is still there after a restart', () => {
  const settings = { observerMasterPort: OBSERVER_MASTER_PORT };
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1, settings });
  for (const sid of [1, 2, 3]) writeHistory(ensemble, sid, OBSERVERS_CHANGED);
  ensemble.start();
  for (const sid of ensemble.sids) {
    assert.is(configAt(ensemble, sid), OBSERVERS_CHANGED, `member ${sid}`);
    assert.is(ensemble.server(sid).view.peer?.membership.committed.verifier.text, OBSERVERS_CHANGED);
  }
  const { mzxid, mtime } = ensemble.server(1).database.tree.getNode(CONFIG)!;
  const { header } = parseTxnPacket(reconfig(VERSION, OBSERVERS_CHANGED));
  assert.equal([mzxid, mtime], [VERSION, header.time], 'as the reconfiguration left it');
  MemoryClient.open(ensemble, ensemble.leader).create('/a');
  for (const sid of ensemble.sids) ensemble.kill(sid, 'power');
  ensemble.start();
  for (const sid of ensemble.sids) assert.is(configAt(ensemble, sid), OBSERVERS_CHANGED, `member ${sid}`);
});

test('a newer configuration in the log counts from the first election on as the last seen one, not as the committed one', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 });
  writeHistory(ensemble, 2, OBSERVERS_CHANGED);
  const { membership } = ensemble.boot(2).server(2).view.peer!;
  assert.is(membership.lastSeen.verifier.text, OBSERVERS_CHANGED);
  assert.match(membership.committed.verifier.text, /version=0$/);
});

test('a member that lacks the newer configuration gets it from its leader', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, observers: 1 });
  writeHistory(ensemble, 3, OBSERVERS_CHANGED);
  ensemble.start();
  assert.is(ensemble.leader, 3, 'it has the longest history');
  for (const sid of ensemble.sids)
    assert.is(ensemble.server(sid).view.peer?.membership.committed.verifier.text, OBSERVERS_CHANGED);
});

test('a proposal to change the voters that was logged when the leader went stops the member before it votes', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const { leader } = ensemble;
  MemoryClient.open(ensemble, leader).create('/a');
  const follower = ensemble.sids.find(sid => sid !== leader)!;
  const { database } = ensemble.server(follower);
  ensemble.wait(
    () => database.lastLoggedZxid === ensemble.server(leader).database.lastLoggedZxid,
    'the follower to log it',
  );
  const zxid = database.lastLoggedZxid + 1;
  database.append(
    reconfig(zxid, [...VOTERS, lineOf(4), lineOf(5), `version=${zxid.toString(16)}`].join('\n')),
  );
  ensemble.kill(leader);
  ensemble.wait(() => ensemble.fatal.has(follower), 'the follower to stop');
  const { code, message } = ensemble.fatal.get(follower)!;
  assert.is(code, 'ZK_VOTERS_CHANGED');
  assert.match(message, /its log or snapshot holds .* remove version-2/);
  ensemble.time.advance(5000);
  assert.is(ensemble.leader, -1, 'with its vote the third would lead');
});

/** A vote as a member of this id would send it, to whoever listens. */
function forgedVote(from: number, config: string): Buffer {
  const hello = new JuteWriter();
  writeInitialMessage(hello, from, [{ host: 'visitor', port: ELECTION_PORT }], 1);
  const vote = encodeNotification({
    state: 'LOOKING',
    leader: from,
    zxid: 1,
    round: 1,
    peerEpoch: 1,
    version: 2,
    config: Buffer.from(config),
  });
  return Buffer.concat([hello.toBuffer(), vote]);
}

test('a vote with a newer configuration, which anybody can send, stops nobody, and is logged once in an election', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).boot(1);
  const warnings = () =>
    ensemble.messages(1, 'warn').filter(message => message.startsWith('a vote has a newer configuration'));
  for (let version = 7; version < 12; version++) {
    const vote = forgedVote(3, [...VOTERS, lineOf(4), lineOf(5), `version=${version}00000000`].join('\n'));
    ensemble.dial(1, ELECTION_PORT).write(vote);
    ensemble.time.advance(50);
  }
  assert.is(warnings().length, 1);
  ensemble.boot(2, 3);
  ensemble.wait(() => ensemble.sids.every(sid => ensemble.server(sid).view.serving !== null), 'all to serve');
  ensemble.dial(1, ELECTION_PORT).write(forgedVote(3, VOTERS_CHANGED));
  ensemble.time.advance(1000);
  assert.is(ensemble.fatal.size, 0);
  assert.is(MemoryClient.open(ensemble, 1).create('/a').err, 0);
});

test('what a client writes over /zookeeper/config stops no server, and is gone when a role begins', () => {
  const ensemble = new MemoryEnsemble({ voters: 3, settings: { skipACL: 'yes' } }).start();
  const client = MemoryClient.open(ensemble, ensemble.leader);
  const write = (w: JuteWriter) =>
    w.writeString(CONFIG).writeBuffer(Buffer.from(VOTERS_CHANGED)).writeInt(-1);
  assert.is(client.ask(OpCode.setData, w => void write(w)).err, 0);
  assert.is(configAt(ensemble, ensemble.leader), VOTERS_CHANGED);
  for (const sid of ensemble.sids) ensemble.kill(sid);
  ensemble.start();
  assert.is(ensemble.fatal.size, 0);
  for (const sid of ensemble.sids) assert.match(configAt(ensemble, sid), /version=0$/);
});
