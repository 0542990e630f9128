/**
 * Leaders of a mixed ensemble are killed one after the other while clients write through all members: whoever leads next,
 * of whichever kind, has every write that was acknowledged, and all trees are the same in the end.
 */
import { assert, suite, until } from '#test';
import { type Ensemble, type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import type { ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: leaders killed under load');
const DEADLINE = { deadlineMs: 400_000 };
const KILLS = 4;
/** Whom a quorum elects is the luck of who is ahead: more kills until both kinds have led. */
const KILLS_MAX = 12;
const WRITERS_PER_MEMBER = 8;
/** Of the writers' sessions, which nobody closes: they expire under this leader or the next. */
const ABANDONED_TIMEOUT_MS = 4000;
const WRITES_BETWEEN = 150;
const ROOT = '/writes';

const PLANS: readonly MemberPlan[] = [
  { is: 'zklab' },
  { is: 'zklab' },
  { is: 'apache' },
  { is: 'zklab' },
  { is: 'apache' },
];

/** Writers that find another member when theirs is gone, and remember what was acknowledged. */
class Writers {
  readonly #ensemble: Ensemble;
  readonly acknowledged = new Set<string>();
  readonly attempted = new Set<string>();
  #stopped = false;
  #running: Promise<void>[] = [];

  constructor(ensemble: Ensemble) {
    this.#ensemble = ensemble;
  }

  start(): void {
    const sids = [...this.#ensemble.members.keys()];
    this.#running = sids.map(sid => this.#writeFrom(sid));
  }

  /** A connection after the other, first of all to `sid`. */
  async #writeFrom(sid: number): Promise<void> {
    for (let connection = 0; !this.#stopped; connection++) {
      const running = this.#ensemble.running.map(member => member.sid);
      const to = running.includes(sid) ? sid : running[connection % running.length];
      try {
        const client = await this.#ensemble.client(to ?? sid, { timeoutMs: ABANDONED_TIMEOUT_MS });
        const name = `${sid}-${connection}`;
        await Promise.all(
          Array.from({ length: WRITERS_PER_MEMBER }, (_, n) => this.#write(client, `${name}-${n}`)),
        );
        client.destroy();
      } catch {
        // The member died, or does not serve: the outcome of what was under way is not known.
      }
    }
  }

  async #write(client: ZkClient, prefix: string): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const name = `${prefix}-${n}`;
      this.attempted.add(name);
      await client.create(`${ROOT}/${name}`);
      this.acknowledged.add(name);
    }
  }

  async more(): Promise<void> {
    const enough = this.acknowledged.size + WRITES_BETWEEN;
    const reached = () => this.acknowledged.size >= enough;
    await until(reached, { deadlineMs: 60_000, what: `${WRITES_BETWEEN} more writes` });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }
}

test(
  'leaders of both kinds are killed: no acknowledged write is lost, all trees are the same',
  async () => {
    requireApache();
    await withEnsemble(PLANS, async ensemble => {
      await ensemble.start();
      const first = await ensemble.client(1);
      await first.create(ROOT);
      await first.close();
      const writers = new Writers(ensemble);
      writers.start();
      const led = new Set<string>();
      for (let kills = 0; kills < KILLS || (led.size < 2 && kills < KILLS_MAX); kills++) {
        await writers.more();
        const leader = await ensemble.leader();
        led.add(leader.implementation);
        await leader.kill();
        await ensemble.leader();
        await writers.more();
        await ensemble.start(leader.sid);
      }
      await writers.more();
      await writers.stop();
      assert.equal([...led].sort(), ['apache', 'zklab'], 'both kinds led');

      for (const member of ensemble.running) {
        const client = await ensemble.client(member.sid);
        await client.sync();
        const present = new Set(await client.children(ROOT));
        const lost = [...writers.acknowledged].filter(name => !present.has(name));
        const unheardOf = [...present].filter(name => !writers.attempted.has(name));
        assert.equal({ lost, unheardOf }, { lost: [], unheardOf: [] }, `at member ${member.sid}`);
        await client.close();
      }
      const quiet = await ensemble.client(1);
      for (let n = 0; n < 140; n++) await quiet.set(ROOT, String(n));
      await ensemble.agreesInTheEnd();
    });
  },
  DEADLINE,
);
