import type { Metrics, Traffic } from '../admin/metrics.ts';
import { packetName } from '../wire/quorum-packet.ts';

/** What one learner's connection carried: for AdminServer in all, and for the lab by packet type. */
export class LearnerTraffic {
  readonly #metrics: Metrics;
  readonly #sent = new Map<number, Traffic>();
  readonly #received = new Map<number, Traffic>();
  /** Undefined until the learner has said who it is. */
  #name: string | undefined;
  packetsSent = 0;
  packetsReceived = 0;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Whoever says it is a server of no configuration shares one name: names cost memory. */
  named(sid: number, isMember: boolean): void {
    this.#name = isMember ? `sid_${sid}` : 'unknown';
  }

  /** For AdminServer's counts; what the lab reads goes on. */
  reset(): void {
    this.packetsSent = 0;
    this.packetsReceived = 0;
  }

  sent(type: number, bytes: number, packets = 1): void {
    this.packetsSent += packets;
    this.#of('sent', this.#sent, type).add(bytes, packets);
  }

  received(type: number, bytes: number): void {
    this.packetsReceived++;
    this.#of('received', this.#received, type).add(bytes);
  }

  #of(direction: 'sent' | 'received', table: Map<number, Traffic>, type: number): Traffic {
    let traffic = table.get(type);
    if (traffic === undefined) {
      traffic = this.#metrics.trafficOf(direction, packetName(type).toLowerCase(), this.#name ?? 'unknown');
      if (this.#name !== undefined) table.set(type, traffic);
    }
    return traffic;
  }
}
