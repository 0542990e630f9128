/** What `srvr` and AdminServer's server_stats show of a server's clients. Survives changes of role; `srst` resets it. */
export class ServerStats {
  packetsReceived = 0;
  packetsSent = 0;
  /** Of answered requests, ms. */
  latencyCount = 0;
  latencySumMs = 0;
  latencyMinMs = 0;
  latencyMaxMs = 0;

  addLatency(ms: number): void {
    if (this.latencyCount === 0 || ms < this.latencyMinMs) this.latencyMinMs = ms;
    if (ms > this.latencyMaxMs) this.latencyMaxMs = ms;
    this.latencyCount++;
    this.latencySumMs += ms;
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
  }
}
