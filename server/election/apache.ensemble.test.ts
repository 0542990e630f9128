/**
 * Our election in one ensemble with Apache ZooKeeper's: same votes, same leader, connections dialed from both
 * sides. Our members only elect and do not follow; tests of interop/ show that whole servers join.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, quickJava, suite, temporaryFolder, until } from '#test';
import { CLASS_PATH, requireApache } from '../interop/member.test-kit.ts';
import { JointQuorum } from '../membership/joint-quorum.ts';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import { Metrics } from '../metrics/metrics.ts';
import { NameLookup } from '../runtime/addresses/name-lookup.ts';
import { silentLogger } from '../runtime/logging/logger.ts';
import { NodeClock } from '../runtime/node/node-clock.ts';
import { NodeNetwork } from '../runtime/node/node-network.ts';
import { plainElection } from '../security/election-network.ts';
import { Election } from './election.ts';
import type { Elected, Proposal } from './fast-leader-election.ts';

const test = suite('election: with Apache ZooKeeper');

const VOTERS = [2, 3, 4];
const OBSERVERS = [1, 5];
const AGREE = { deadlineMs: 100_000 };

/**
 * An address that only this process uses, so that ZooKeeper's own ports are free on it. Ports that the system
 * chooses could be taken by others before the test uses them.
 */
function hostOf(sid: number): string {
  return `127.${240 + ((process.pid >> 8) % 8)}.${process.pid % 256}.${sid}`;
}

class MixedEnsemble {
  readonly #folder = temporaryFolder();
  readonly #children = new Map<number, ChildProcess>();
  readonly #ours = new Map<number, Election>();
  readonly results = new Map<number, Elected>();

  #serverLines(): string[] {
    return [...VOTERS, ...OBSERVERS].map(sid => {
      const role = VOTERS.includes(sid) ? 'participant' : 'observer';
      return `server.${sid}=${hostOf(sid)}:2888:3888:${role}`;
    });
  }

  startApache(sid: number): void {
    const folder = join(this.#folder, `apache${sid}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'myid'), String(sid));
    const settings = [`dataDir=${folder}`, 'tickTime=500', 'initLimit=10', 'syncLimit=5'];
    settings.push('admin.enableServer=false', 'clientPort=0', ...this.#serverLines());
    writeFileSync(join(folder, 'zoo.cfg'), `${settings.join('\n')}\n`);
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    const args = [...quickJava(128), '-cp', CLASS_PATH, main, join(folder, 'zoo.cfg')];
    const log = openSync(join(folder, 'log'), 'w');
    this.#children.set(sid, spawn('java', args, { stdio: ['ignore', log, log] }));
  }

  startOurs(sid: number): void {
    const clock = new NodeClock();
    const text = [...this.#serverLines(), 'version=0'].join('\n');
    const members = new Map(
      [...VOTERS, ...OBSERVERS].map(id => [id, { places: [[{ host: hostOf(id), port: 3888 }]] }]),
    );
    const election = new Election(
      {
        clock,
        network: plainElection(new NodeNetwork(clock, new NameLookup(silentLogger))),
        logger: silentLogger,
        metrics: new Metrics(),
      },
      {
        sid,
        role: OBSERVERS.includes(sid) ? 'observer' : 'participant',
        quorum: new JointQuorum(new QuorumMaj({ version: 0, text, voters: VOTERS, observers: OBSERVERS })),
        members,
        cnxTimeoutMs: 5000,
        helloTimeoutMs: 5000,
        bindTriesMax: 3,
        acceptedEpoch: () => 0,
        minNotificationIntervalMs: 200,
        maxNotificationIntervalMs: 2000,
      },
      {
        onListenFailed: error => {
          throw error;
        },
      },
    );
    election.start();
    this.#ours.set(sid, election);
  }

  look(sid: number, proposal: Proposal = { zxid: 0, peerEpoch: 0 }): void {
    this.results.delete(sid);
    this.#ours.get(sid)?.lookForLeader(proposal, result => this.results.set(sid, result));
  }

  /**
   * A server that elected another one before all servers were there looks again, as if the other one had
   * failed.
   */
  async agree(sids: readonly number[], leader: number): Promise<void> {
    const agreed = () => {
      for (const sid of sids) if ((this.results.get(sid)?.leader ?? leader) !== leader) this.look(sid);
      return sids.every(sid => this.results.get(sid)?.leader === leader);
    };
    await until(agreed, { ...AGREE, what: `servers ${sids.join(' ')} to elect ${leader}` });
  }

  /** Looks until it hears of a leader in its first epoch: by then the others have begun to serve. */
  async joinEstablished(sid: number, leader: number): Promise<void> {
    const joined = async () => {
      this.look(sid);
      await this.agree([sid], leader);
      return this.results.get(sid)?.vote.peerEpoch === 1;
    };
    await until(joined, { ...AGREE, what: `server ${sid} to join ${leader} in epoch 1` });
  }

  async stopApache(sid: number): Promise<void> {
    const child = this.#children.get(sid);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise(resolve => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
  }

  async stop(): Promise<void> {
    for (const election of this.#ours.values()) election.shutdown();
    for (const sid of this.#children.keys()) await this.stopApache(sid);
  }
}

test(
  'a mixed ensemble elects, takes a server in under an existing leader, and elects again when that leader is killed',
  async () => {
    requireApache();
    const ensemble = new MixedEnsemble();
    try {
      for (const sid of [2, 4]) ensemble.startApache(sid);
      for (const sid of [1, 3, 5]) {
        ensemble.startOurs(sid);
        ensemble.look(sid);
      }
      await ensemble.agree([1, 3, 5], 4);
      const states = [1, 3, 5].map(sid => ensemble.results.get(sid)?.state);
      assert.equal(states, ['OBSERVING', 'FOLLOWING', 'OBSERVING']);

      await ensemble.joinEstablished(3, 4);

      await ensemble.stopApache(4);
      ensemble.look(3, { zxid: 0x9_0000_0001, peerEpoch: 9 });
      await ensemble.agree([3], 3);
      const result = ensemble.results.get(3);
      assert.is(result?.state, 'LEADING');
      assert.equal([...(result?.supporters ?? [])].sort(), [2, 3], 'the vote of the Apache server made it');
    } finally {
      await ensemble.stop();
    }
  },
  { deadlineMs: 400_000 },
);
