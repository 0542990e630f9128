/** Writing clients that outlive the members to which they write. */
import { assert, until } from '#test';
import type { Ensemble } from './ensemble.test-kit.ts';
import type { ZkClient } from './zk-client.test-kit.ts';

const WRITERS_PER_MEMBER = 8;
/** Timeout of the writers' sessions, which nobody closes: they expire under this leader or the next. */
const ABANDONED_TIMEOUT_MS = 4000;
/** One digest is kept for every 128th zxid. */
const QUIET_WRITES = 140;
/**
 * By ZOOKEEPER-4685 a leader of Apache's may lose a follower that acked a proposal before NEWLEADER. Then
 * there is no quorum until that leader gives up, an initLimit later.
 */
const MORE_DEADLINE_MS = 150_000;

/**
 * A writer at every member. Each finds another member when its own is gone, and remembers which writes were
 * acknowledged.
 */
export class Writers {
  readonly #ensemble: Ensemble;
  readonly #root: string;
  readonly #acknowledged = new Set<string>();
  readonly #attempted = new Set<string>();
  #stopped = false;
  #running: Promise<void>[] = [];

  private constructor(ensemble: Ensemble, root: string) {
    this.#ensemble = ensemble;
    this.#root = root;
  }

  /** Starts the writers. They create `root`, and everything else below it. */
  static async start(ensemble: Ensemble, root: string): Promise<Writers> {
    const first = await ensemble.client(1);
    await first.create(root);
    await first.close();
    const writers = new Writers(ensemble, root);
    writers.#running = [...ensemble.members.keys()].map(sid => writers.#writeFrom(sid));
    return writers;
  }

  /** Writes through one connection after the other, first to `sid`. */
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
        // The member died, or does not serve, so the outcome of what was under way is not known.
      }
    }
  }

  async #write(client: ZkClient, prefix: string): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const name = `${prefix}-${n}`;
      this.#attempted.add(name);
      await client.create(`${this.#root}/${name}`);
      this.#acknowledged.add(name);
    }
  }

  async more(count: number): Promise<void> {
    const enough = this.#acknowledged.size + count;
    const reached = () => this.#acknowledged.size >= enough;
    await until(reached, { deadlineMs: MORE_DEADLINE_MS, what: `${count} more writes` });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  /**
   * Checks that every member has every acknowledged write and none that nobody made, and that all trees are
   * the same.
   */
  async agree(): Promise<void> {
    for (const member of this.#ensemble.running) {
      const client = await this.#ensemble.client(member.sid);
      await client.sync();
      const present = new Set(await client.children(this.#root));
      const lost = [...this.#acknowledged].filter(name => !present.has(name));
      const unheardOf = [...present].filter(name => !this.#attempted.has(name));
      assert.equal({ lost, unheardOf }, { lost: [], unheardOf: [] }, `at member ${member.sid}`);
      await client.close();
    }
    const quiet = await this.#ensemble.client(1);
    for (let n = 0; n < QUIET_WRITES; n++) await quiet.set(this.#root, String(n));
    await this.#ensemble.agreesInTheEnd();
  }
}
