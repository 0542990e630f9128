/** Reads the work of a simulated server from the counters by which the work of a real one is measured. */
import { MESSAGE_KINDS, type MessageKind, type Work } from '../../../bench/prediction/work.ts';
import type { Traffic } from '../../../server/metrics/metrics.ts';
import type { Clock } from '../../../server/runtime/runtime.ts';
import type { RunningServer } from '../../../server/server.ts';

interface Counted {
  readonly way: 'sent' | 'received';
  readonly kind: MessageKind;
  readonly traffic: Traffic;
}

export class WorkMeter {
  readonly #server: RunningServer;
  readonly #clock: Clock;
  #counted: readonly Counted[] = [];
  #entries = 0;
  #committed = { leader: 0, follower: 0, observer: 0 };
  #committedBefore = 0;

  constructor(server: RunningServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  /** Since the server started. */
  total(): Work {
    const { metrics, view } = this.#server;
    this.#countCommits();
    let [bytes, proposals, informs, requests] = [0, 0, 0, 0];
    for (const { way, kind, traffic } of this.#traffic()) {
      bytes += traffic.bytes;
      if (kind === 'request') requests += traffic.messages;
      else if (way === 'sent' && kind === 'proposal') proposals += traffic.messages;
      else if (way === 'sent' && kind === 'inform') informs += traffic.messages;
    }
    const { packetsReceived, bytesReceived, responseBytes } = view.stats;
    return {
      second: this.#clock.monotonicMs() / 1000,
      turn: this.#clock.turns,
      flush: this.#clock.flushes,
      fsync: metrics.counter('fsync_count').value,
      led: this.#committed.leader,
      followed: this.#committed.follower,
      observed: this.#committed.observer,
      followerTold: proposals,
      observerTold: informs,
      request: packetsReceived,
      forwarded: requests,
      kilobyte: (bytes + bytesReceived + responseBytes) / 1000,
    };
  }

  /** A member that changes its role goes on with what it counted in the other one. */
  #countCommits(): void {
    const { metrics, view } = this.#server;
    const committed = metrics.counter('txn_committed_count').value;
    const role = view.peer?.role?.name;
    if (role === 'leader' || role === 'follower' || role === 'observer')
      this.#committed[role] += committed - this.#committedBefore;
    this.#committedBefore = committed;
  }

  /** Looked up again only when there are more, because every turn asks. */
  #traffic(): readonly Counted[] {
    const { traffic } = this.#server.metrics;
    if (traffic.size === this.#entries) return this.#counted;
    this.#entries = traffic.size;
    this.#counted = [...traffic].flatMap(([name, each]) => {
      const [way, word] = name.split(' ');
      const kind = MESSAGE_KINDS.find(known => known === word);
      return kind !== undefined && (way === 'sent' || way === 'received')
        ? [{ way, kind, traffic: each }]
        : [];
    });
    return this.#counted;
  }
}
