/**
 * Field report B7: what strangers on the learner port can do to an observer that needs a sync, with real
 * processes. The leader sees where connections come from: members dial it from 127.0.0.1, strangers from
 * elsewhere.
 */
import { once } from 'node:events';
import * as net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { assert, suite, until } from '#test';
import { type Place, withEnsemble } from './interop/ensemble.test-kit.ts';
import { Stranger } from './interop/stranger.test-kit.ts';
import { SYNC_GRACE_MS } from './master/learners/learner-sync-throttler.ts';
import { PacketType } from './wire/quorum-packet.ts';

const test = suite('places for syncs, real processes');
const DEADLINE = { deadlineMs: 300_000 };

const QUORUM_PORT = 2888;
const OBSERVER = 3;
const PLANS = [{ is: 'zklab' }, { is: 'zklab' }, { is: 'zklab', observer: true }] as const;
/** As `withEnsemble` sets it: a learner without progress for this long is closed. */
const INIT_LIMIT_MS = 60_000;

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map(server => once(server, 'listening')));
  const ports = servers.map(server => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map(server => once(server.close(), 'close')));
  return ports;
}

/** Places the observer at the address from which the leader sees it come. */
async function placeOfObserver(): Promise<Place> {
  const [client, quorum, election] = (await freePorts(3)) as [number, number, number];
  return { name: '127.0.0.1', dial: '127.0.0.1', ports: { client, quorum, election } };
}

/**
 * Strangers that ask for a snapshot again and again, and read none of it. The next ones are connected before
 * the last ones leave, so that no place stays free.
 */
class GreedyStrangers {
  readonly #host: string;
  readonly #plan: Attack;
  #ready: Stranger[] = [];
  #holders: Stranger[] = [];
  #ended = false;
  /** Number of snapshots that they were sent. */
  places = 0;

  constructor(host: string, plan: Attack) {
    this.#host = host;
    this.#plan = plan;
  }

  async run(): Promise<void> {
    const { sids, stayMs } = this.#plan;
    const claims = sids.map(sid => ({ sid, info: PacketType.OBSERVERINFO, lastZxid: -1 }));
    while (!this.#ended) {
      this.#ready = await Promise.all(claims.map(() => Stranger.connect(this.#host, QUORUM_PORT)));
      await Promise.all(this.#ready.map((stranger, n) => stranger.introduce(claims[n]!)));
      for (const holder of this.#holders) holder.destroy();
      for (const [n, stranger] of this.#ready.entries()) {
        stranger.askForSync(claims[n]!);
        await setTimeout(1);
      }
      await Promise.all(this.#ready.map(stranger => stranger.syncMode()));
      this.#holders = this.#ready.filter(({ told }) => told.includes('SNAP'));
      for (const holder of this.#holders) holder.pause();
      this.places += this.#holders.length;
      const leavesMs = Date.now() + stayMs;
      while (!this.#ended && Date.now() < leavesMs) await setTimeout(10);
    }
  }

  end(): void {
    this.#ended = true;
    for (const stranger of [...this.#ready, ...this.#holders]) stranger.destroy();
  }
}

interface Attack {
  readonly sids: readonly number[];
  /** How long they keep their places. */
  readonly stayMs: number;
}

/** Starts the observer when strangers have all places, and reads earlier writes through it. */
async function observeBeside(places: number, attack: Attack): Promise<void> {
  const at: Place[] = [];
  at[OBSERVER - 1] = await placeOfObserver();
  await withEnsemble(
    PLANS,
    async ensemble => {
      await ensemble.start(1, 2);
      const leader = await ensemble.leader();
      await (await ensemble.client(leader.sid)).create('/written', 'before');
      const strangers = new GreedyStrangers(leader.host, attack);
      const attacked = strangers.run();
      try {
        await until(() => strangers.places >= places, { deadlineMs: 60_000, what: 'all places to be taken' });
        await ensemble.start(OBSERVER);
        assert.is(await (await ensemble.client(OBSERVER)).get('/written'), 'before');
        process.stdout.write(`  strangers had ${strangers.places} places\n`);
      } finally {
        strangers.end();
        await attacked;
      }
    },
    ['forceSnapshotSync=true', `leader.maxConcurrentSnapSyncs=${places}`],
    at,
  );
}

const STRANGERS = 20;

test(
  `field report B7: ${STRANGERS} strangers that claim ids of their own and read nothing take all places: an observer is synced`,
  () =>
    observeBeside(10, {
      sids: Array.from({ length: STRANGERS }, (_, n) => 1000 + n),
      stayMs: INIT_LIMIT_MS - 10_000,
    }),
  DEADLINE,
);

test(
  `field report B7: ${STRANGERS} strangers with the id of an observer that come again before they are late: the observer is synced`,
  () =>
    observeBeside(1, {
      sids: Array.from({ length: STRANGERS }, () => OBSERVER),
      stayMs: SYNC_GRACE_MS - 1_000,
    }),
  DEADLINE,
);
