import { HTTP_DISTORTIONS } from '../load/http.ts';
import { type PerSide, type Rounds, sidesOf } from './servers.ts';

/** What no comparison of two servers on one machine can show. These sentences become part of its result. */
const sharedLimits = (heap: string): readonly string[] => [
  'All members and the driver share the cores of one machine: throughput is that of the whole machine, and CPU per operation is the fairer number.',
  'Server CPU includes whatever the process does in the window: for a JVM also compiling and collecting garbage.',
  `Apache ZooKeeper runs with -Xmx${heap} and the JVM's own choice of collector; another heap would give other numbers.`,
];

export const PEER_LIMITS: readonly string[] = [
  ...sharedLimits('256m'),
  'Latency of one write at a time is measured at the leader by one session; it says nothing about latency under load.',
  'Memory is the resident set of the median member; about 40 MiB of ours is the file of Node.js, which all members share.',
  'Memory of a fresh member is read once, 2 s after its ensemble was ready and before its first request. Memory of a resting member is read in each round, when the turn of the other server has ended; it has been idle since its own turn, for 15 s at least; phases of less than 3 s leave it out.',
];

export const FAIRNESS_LIMITS: readonly string[] = [
  ...sharedLimits('1g'),
  'The quiet client, its neighbour and all members share the cores: a slowest read of some ten ms may be caused by the machine. Compare it with the same client alone, or with --next-door, where the neighbour has an ensemble of its own. That one still shows less than the system takes beside the neighbour: there the server is busy itself, and a busy process waits longer for a core than one that mostly sleeps.',
  'With a core at hand, the server (nice -20) and the driver (real-time priority) get a core before all others, and the verdicts rest on that. Up to a hundredth of the time still goes to others, a few ms at a time. Input does not pile up while the server waits for a core, as it does on a busy machine. Threads of one server still compete with each other.',
  'A read that was not answered counts as long as the phase and two seconds.',
  'The ACL of the guarded node is a tenth of what fits into a frame, since Apache ZooKeeper reads it again for each check.',
];

export const HTTP_LIMITS: readonly string[] = [
  ...sharedLimits('256m'),
  'The tree is empty and no session is open: server_stats and monitor of a busy server have more to count.',
  'A latency of 1 ms means up to 1 ms.',
  ...HTTP_DISTORTIONS.map(text => `autocannon: ${text}.`),
];

/** Contains the measured lag, which grows with the load of the servers on the machine. */
export function driverLagLimit(rounds: Rounds, names: PerSide<string>): string {
  const lags = sidesOf(rounds).map(side => {
    const most = Math.max(0, ...rounds[side]!.map(({ driverLagMs }) => driverLagMs));
    return `${most.toFixed(0)} ms with ${names[side]}`;
  });
  return `While throughput was measured, the driver waited for a core (p99 up to ${lags.join(' and ')}), so the machine was the limit.`;
}
