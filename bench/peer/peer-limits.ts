/** What `bench peer` cannot show; these sentences go into its result. */
export const PEER_LIMITS: readonly string[] = [
  'All members and the driver share the cores of one machine: throughput is that of the whole machine, and CPU per operation is the fairer number.',
  'Rounds of the first server always come first; a trend within a round would fall on the second.',
  'Server CPU includes whatever the process does in the window: for a JVM also compiling and collecting garbage.',
  'Latency of one write at a time is measured at the leader, by one session; it says nothing of latency under load.',
  'Memory is the resident set before each round: a heap that has grown is seldom given back, so later rounds read higher than a fresh server.',
  "Apache ZooKeeper runs with -Xmx256m and the JVM's own choice of collector; another heap would give other numbers.",
];

/** Said with its number, since it grows with the load that the servers put on the machine. */
export function driverLagLimit(rounds: Readonly<Record<string, readonly { driverLagMs: number }[]>>): string {
  const lags = Object.entries(rounds).map(([server, measured]) => {
    const most = Math.max(0, ...measured.map(({ driverLagMs }) => driverLagMs));
    return `${most.toFixed(0)} ms with ${server}`;
  });
  return `While throughput was measured the driver waited for a core, p99 up to ${lags.join(' and ')}: the machine was the limit.`;
}
