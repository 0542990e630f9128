/**
 * Statistics of a server's clients, for `srvr` and AdminServer's server_stats. They survive changes of role;
 * `srst` resets them.
 */
export class ServerStats {
  packetsReceived = 0;
  packetsSent = 0;
  /** Latency of answered requests, in ms. */
  latencyCount = 0;
  latencySumMs = 0;
  latencyMinMs = 0;
  latencyMaxMs = 0;
  /** Includes the lengths of frames, and words. */
  bytesReceived = 0;
  /** Sizes of replies and events, without the length in front of each. -1: none yet. */
  readonly responseSizes = { last: -1, min: -1, max: -1 };
  responseBytes = 0;
  watchBytes = 0;

  received(bytes: number): void {
    this.packetsReceived++;
    this.bytesReceived += bytes;
  }

  responded(bytes: number): void {
    const sizes = this.responseSizes;
    sizes.last = bytes;
    if (bytes > sizes.max) sizes.max = bytes;
    if (sizes.min < 0 || bytes < sizes.min) sizes.min = bytes;
  }

  /** Adds the latency of `count` requests that were answered together. */
  addLatency(ms: number, count: number): void {
    if (this.latencyCount === 0 || ms < this.latencyMinMs) this.latencyMinMs = ms;
    if (ms > this.latencyMaxMs) this.latencyMaxMs = ms;
    this.latencyCount += count;
    this.latencySumMs += ms * count;
  }

  get latencyAvgMs(): number {
    return this.latencyCount === 0 ? 0 : this.latencySumMs / this.latencyCount;
  }

  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.latencyCount = 0;
    this.latencySumMs = 0;
    this.latencyMinMs = 0;
    this.latencyMaxMs = 0;
    this.bytesReceived = 0;
    this.responseBytes = 0;
    this.watchBytes = 0;
    this.responseSizes.last = -1;
    this.responseSizes.min = -1;
    this.responseSizes.max = -1;
  }
}
