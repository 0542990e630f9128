/**
 * Members of the one kind join again and again a leader of the other while clients write: what is proposed
 * while a member is being brought up to date must reach it once and in order. Every acknowledged write is
 * then read at every member, and all trees have the same digests.
 */
import { assert, repetitions, suite, until } from '#test';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import type { ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: joining under load');
const DEADLINE = { deadlineMs: 400_000 };
const JOINER = 2;
const OBSERVER = 4;
const MASTER_PORT = 2889;
const ROUNDS = repetitions(1);
/** Writes under way at any time. */
const WINDOW = 30;
const WRITES_PER_ROUND = 400;

/** Writes with a window until told to stop; counts what was acknowledged. */
class Load {
  readonly #client: ZkClient;
  readonly #root: string;
  readonly acknowledged: string[] = [];
  #next = 0;
  #stopped = false;
  #running: Promise<void>[] = [];

  constructor(client: ZkClient, root: string) {
    this.#client = client;
    this.#root = root;
  }

  async start(): Promise<void> {
    await this.#client.create(this.#root);
    this.#running = Array.from({ length: WINDOW }, () => this.#writer());
  }

  async #writer(): Promise<void> {
    while (!this.#stopped) {
      const name = String(this.#next++);
      await this.#client.create(`${this.#root}/${name}`, `value ${name}`);
      this.acknowledged.push(name);
    }
  }

  async more(count: number): Promise<void> {
    const enough = this.acknowledged.length + count;
    const reached = () => this.acknowledged.length >= enough;
    await until(reached, { deadlineMs: 60_000, what: `${count} more writes` });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }
}

/** One digest is kept for every 128th zxid. */
async function quietWrites(ensemble: Ensemble): Promise<void> {
  const client = await ensemble.client(1);
  for (let n = 0; n < 140; n++) await client.set('/load-1', String(n));
  await client.close();
}

async function everythingIsThere(ensemble: Ensemble, roots: ReadonlyMap<string, Load>): Promise<void> {
  for (const member of ensemble.running) {
    const client = await ensemble.client(member.sid);
    await client.sync();
    for (const [root, load] of roots) {
      assert.equal(
        await client.children(root),
        [...load.acknowledged].sort(),
        `${root} at member ${member.sid}`,
      );
    }
    await client.close();
  }
}

for (const [leader, joiner] of [
  ['zklab', 'apache'],
  ['apache', 'zklab'],
] as const) {
  for (const how of ['DIFF', 'SNAP'] as const) {
    test(
      `a follower and an observer of ${joiner} come back by ${how} to a busy leader of ${leader}`,
      async () => {
        requireApache();
        // The joiner is no master: an observer of Apache behind a master of Apache misses what is committed
        // while it attaches.
        const master = { settings: [`observerMasterPort=${MASTER_PORT}`] };
        const plans = [
          { is: leader, ...master },
          { is: joiner },
          { is: leader, ...master },
          { is: joiner, observer: true, ...master },
        ] as const;
        const settings = ['snapCount=1500', `forceSnapshotSync=${how === 'SNAP'}`];
        await withEnsemble(
          plans,
          async ensemble => {
            await ensemble.start(1, 3);
            assert.is((await ensemble.leader()).sid, 3);
            await ensemble.start(JOINER, OBSERVER);
            const loads = new Map<string, Load>();
            for (const sid of [1, 3]) {
              loads.set(`/load-${sid}`, new Load(await ensemble.client(sid), `/load-${sid}`));
            }
            for (const load of loads.values()) await load.start();
            const more = () => Promise.all([...loads.values()].map(load => load.more(WRITES_PER_ROUND)));
            for (let round = 0; round < ROUNDS; round++) {
              await more();
              await ensemble.member(JOINER).kill();
              await ensemble.member(OBSERVER).kill();
              await more();
              await ensemble.start(JOINER, OBSERVER);
            }
            await more();
            for (const load of loads.values()) await load.stop();
            await quietWrites(ensemble);
            await ensemble.agreesInTheEnd();
            await everythingIsThere(ensemble, loads);
          },
          settings,
        );
      },
      DEADLINE,
    );
  }
}
