import type { Metric } from '../../results/names.ts';

/** What the two servers are compared by. */
export const PEER_METRICS = [
  { name: 'writeThroughput', title: 'Committed writes', unit: 'writes/s', higherIsBetter: true },
  { name: 'readThroughput', title: 'Reads', unit: 'reads/s', higherIsBetter: true },
  {
    name: 'serverCpuPerWrite',
    title: 'Server CPU per write, all members',
    unit: 'µs',
    higherIsBetter: false,
  },
  { name: 'serverCpuPerRead', title: 'Server CPU per read, all members', unit: 'µs', higherIsBetter: false },
  { name: 'loneWriteLatencyP50', title: 'One write at a time, median', unit: 'ms', higherIsBetter: false },
  { name: 'restingMemory', title: 'Memory of a member before the load', unit: 'MiB', higherIsBetter: false },
] as const satisfies readonly Metric[];

export type PeerMetric = (typeof PEER_METRICS)[number];
type PeerMetricName = PeerMetric['name'];

/** One round of one server. A metric that could not be measured is absent. */
export type PeerReadings = Partial<Record<PeerMetricName, number>>;
