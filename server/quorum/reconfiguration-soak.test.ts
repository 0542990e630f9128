/**
 * Members join, leave, move and change their roles one after the other, while others crash, lose power or are
 * cut off. Seeded, so a failure comes again.
 */
import { assert, suite } from '#test';
import { ServerError } from '../errors.ts';
import { MemoryClient } from '../memory-client.test-kit.ts';
import {
  CLIENT_PORT,
  ELECTION_PORT,
  MemoryEnsemble,
  nameOf,
  QUORUM_PORT,
  writeFile,
  ZOO_CFG,
} from '../memory-ensemble.test-kit.ts';
import { SeededRandom } from '../runtime/seeded-random.ts';
import { type Asked, isSettled, Judge, SETTINGS, sendReconfig } from './reconfiguration-story.test-kit.ts';

const test = suite('quorum: one reconfiguration after the other');

const SEEDS = Number(process.env.ZKLAB_RECONFIG_SEEDS ?? 3);
const FIRST = Number(process.env.ZKLAB_RECONFIG_FIRST ?? 1);
/**
 * In both seeds, no leader lasted while a configuration was pending. In 1026 a member that knew of it sent
 * nothing for a minute; in 3071 a joiner stayed in a round of its own.
 */
const KEPT = [1026, 3071];
const STEPS = 8;
const VOTERS = 3;
const JOINERS = 3;

class Soak {
  readonly random: SeededRandom;
  readonly ensemble: MemoryEnsemble;
  readonly judge: Judge;
  readonly story: string[] = [];
  readonly #acked: string[] = [];
  #changes = 0;
  readonly #down = new Set<number>();
  /**
   * Counts the quorum ports that moving servers have been given. Election ports stay, because a server that
   * was away must be found at its old one.
   */
  #ports = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(`reconfigurations ${seed}`);
    const plan = { voters: VOTERS, observers: 1, joiners: JOINERS, seed: String(seed) };
    this.ensemble = new MemoryEnsemble({ ...plan, settings: SETTINGS, filesOnDisk: true });
    this.judge = new Judge(this.ensemble, [1, 2, 3]);
  }

  run(): void {
    const { ensemble } = this;
    ensemble.start();
    for (let sid = VOTERS + 2; sid <= VOTERS + 1 + JOINERS; sid++) ensemble.boot(sid);
    this.#watch(1000);
    for (let step = 0; step < STEPS; step++) this.#step(step);
    ensemble.network.healAll();
    for (const sid of this.#down) this.#boot(sid);
    ensemble.wait(
      () => {
        this.judge.look();
        return isSettled(ensemble);
      },
      'all members to serve with one configuration',
      120_000,
    );
    const client = MemoryClient.open(ensemble, ensemble.leader);
    assert.is(client.create('/last').err, 0);
    this.#acked.push('/last');
    ensemble.time.advance(2000);
    for (const sid of ensemble.sids)
      for (const path of this.#acked)
        assert.ok(ensemble.server(sid).database.tree.getNode(path) !== undefined, `${path} on member ${sid}`);
  }

  /** What each member is in the end, for whoever looks into a failure. */
  states(): string[] {
    return this.ensemble.sids.map(sid => {
      if (!this.ensemble.runs(sid))
        return `${sid} is down: ${this.ensemble.fatal.get(sid)?.message ?? 'killed'}`;
      const { view, database } = this.ensemble.server(sid);
      const { membership, peerState, leaderSid } = view.peer!;
      const [committed, lastSeen] = [membership.committed, membership.lastSeen].map(
        ({ verifier }) => `${verifier.version.toString(16)} (${[...verifier.voters]})`,
      );
      return `${sid} ${peerState} ${leaderSid}, log ${database.lastLoggedZxid.toString(16)}, ${committed}, seen ${lastSeen}`;
    });
  }

  get changes(): number {
    return this.#changes;
  }

  #step(step: number): void {
    const { ensemble, random } = this;
    const leader = ensemble.leader;
    const up = ensemble.sids.filter(sid => ensemble.runs(sid));
    const asker = leader > 0 && random.below(2) === 0 ? leader : up[random.below(up.length)]!;
    const client = new MemoryClient(ensemble, asker);
    this.#watch(300, () => client.response !== null || client.raw.closed !== null);
    const before = client.send(1, w => writeCreate(w, `/before${step}`));
    const asked = this.#asked();
    this.story.push(`${step}: ${JSON.stringify(asked)} at ${asker}, leader ${leader}`);
    const xid = sendReconfig(client, asked);
    const behind = client.send(1, w => writeCreate(w, `/behind${step}`));
    this.#watch(random.below(3) === 0 ? 0 : random.below(40) / 4);
    this.#trouble();
    this.#watch(200 + random.below(3000));
    const errOf = (id: number) => client.replies.find(reply => reply.xid === id)?.err;
    if (errOf(before) === 0) this.#acked.push(`/before${step}`);
    if (errOf(behind) === 0) this.#acked.push(`/behind${step}`);
    if (errOf(xid) === 0) this.#changes++;
    this.story.push(`   ${errOf(xid)}`);
    client.raw.destroy();
    if (random.below(2) === 0) {
      ensemble.network.healAll();
      for (const sid of [...this.#down]) this.#boot(sid);
      this.#watch(2000 + random.below(4000));
    }
  }

  #asked(): Asked {
    const { ensemble, random } = this;
    const sids = ensemble.sids;
    const some = () => sids[random.below(sids.length)]!;
    switch (random.below(6)) {
      case 0:
        return { leaving: String(some()) };
      case 1:
        return { leaving: String(Math.max(ensemble.leader, 1)) };
      case 2:
        return { joining: line(some(), 'observer') };
      case 3: {
        this.#ports += 10;
        return { joining: line(some(), 'participant', this.#ports) };
      }
      case 4: {
        const voters = sids.filter(() => random.below(2) === 0);
        return { newMembers: voters.map(sid => line(sid)).join('\n') };
      }
      default:
        return { joining: line(some()) };
    }
  }

  #trouble(): void {
    const { ensemble, random } = this;
    const up = ensemble.sids.filter(sid => ensemble.runs(sid));
    const victim =
      random.below(3) === 0 && ensemble.leader > 0 ? ensemble.leader : up[random.below(up.length)]!;
    switch (random.below(4)) {
      case 0:
        return;
      case 1:
        this.story.push(`   kill ${victim}`);
        ensemble.kill(victim, 'kill');
        this.#down.add(victim);
        return;
      case 2:
        this.story.push(`   power of ${victim}`);
        ensemble.kill(victim, 'power');
        this.#down.add(victim);
        return;
      default:
        for (const other of ensemble.sids) {
          if (other === victim || random.below(3) === 0) continue;
          this.story.push(`   cut ${victim} - ${other}`);
          ensemble.network.cut(nameOf(victim), nameOf(other), 'blackhole');
          if (random.below(4) > 0) ensemble.network.cut(nameOf(other), nameOf(victim), 'blackhole');
        }
    }
  }

  /** A server that its own file does not name any more refuses to start, until an operator adds it there. */
  #boot(sid: number): void {
    this.#down.delete(sid);
    this.story.push(`   boot ${sid}`);
    try {
      this.ensemble.boot(sid);
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== 'ZK_MYID') throw error;
      this.ensemble.kill(sid);
      this.#addOwnLine(sid);
      this.ensemble.boot(sid);
    }
  }

  #addOwnLine(sid: number): void {
    const { disk } = this.ensemble.machine(sid);
    const text = String(disk.read(ZOO_CFG));
    const [, dynamic] = /^dynamicConfigFile=(.*)$/m.exec(text)!;
    const joiner = '/conf/joiner.dynamic';
    writeFile(disk, joiner, `${disk.read(dynamic!)}\n${line(sid, 'observer')}`);
    disk.remove(ZOO_CFG);
    writeFile(disk, ZOO_CFG, text.replace(dynamic!, joiner));
  }

  #watch(ms: number, until: () => boolean = () => false): void {
    const { time } = this.ensemble;
    time.runUntil(() => {
      this.judge.look();
      return until();
    }, time.nowMs + ms);
  }
}

function line(sid: number, role = 'participant', ports = 0): string {
  return `server.${sid}=${nameOf(sid)}:${QUORUM_PORT + ports}:${ELECTION_PORT}:${role};${CLIENT_PORT}`;
}

function writeCreate(w: Parameters<NonNullable<Parameters<MemoryClient['send']>[1]>>[0], path: string): void {
  w.writeString(path).writeBuffer(null).writeInt(1).writeInt(31).writeString('world').writeString('anyone');
  w.writeInt(0);
}

test('there is one leader, nothing is in force before its time, and nothing that was acknowledged is lost', () => {
  let changes = 0;
  const seeds = [...KEPT, ...Array.from({ length: SEEDS }, (_, at) => FIRST + at)];
  for (const seed of seeds) {
    const soak = new Soak(seed);
    try {
      soak.run();
    } catch (error) {
      const told = [...soak.states(), ...soak.story].join('\n');
      throw new Error(`seed ${seed}: ${(error as Error).message}\n${told}`, { cause: error });
    }
    changes += soak.changes;
  }
  assert.ok(changes > SEEDS, `${changes} reconfigurations were acknowledged`);
});
