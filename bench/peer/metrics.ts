import type { Metric } from '../../results/names.ts';

/** The metrics by which `bench peer` compares the two servers. */
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
  { name: 'freshMemory', title: 'Memory of a fresh member, idle', unit: 'MiB', higherIsBetter: false },
  {
    name: 'restingMemory',
    title: 'Memory of a member, at rest after load',
    unit: 'MiB',
    higherIsBetter: false,
  },
] as const satisfies readonly Metric[];

export type PeerReadings = Partial<Record<(typeof PEER_METRICS)[number]['name'], number>>;
