/** One metric of a measurement: its title, its unit, and which direction is better. */
export interface Metric {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly higherIsBetter: boolean;
  /** Reports show the worst round, and not the median: one round that breaks the promise is enough. */
  readonly worstCounts?: true;
}

/** Metrics that checkers measure of the history of a run. */
export const LONGEST_GAP = 'longestGapMs';
export const FALSE_LOSSES = 'falseLosses';

/** The metrics that all suites share, in the order of reports. A suite may add its own. */
export const METRICS: readonly Metric[] = [
  { name: 'writeThroughput', title: 'Write throughput', unit: 'writes/s', higherIsBetter: true },
  { name: 'writeLatencyP50', title: 'Write latency, median', unit: 'ms', higherIsBetter: false },
  { name: 'writeLatencyP99', title: 'Write latency, 99th percentile', unit: 'ms', higherIsBetter: false },
  {
    name: 'loneWriteLatencyP50',
    title: 'One write at a time, median',
    unit: 'ms',
    higherIsBetter: false,
  },
  { name: 'countedOperations', title: 'Operations counted', unit: 'operations', higherIsBetter: true },
  { name: 'readThroughput', title: 'Read throughput', unit: 'reads/s', higherIsBetter: true },
  { name: 'readLatencyP50', title: 'Read latency, median', unit: 'ms', higherIsBetter: false },
  { name: 'readLatencyP99', title: 'Read latency, 99th percentile', unit: 'ms', higherIsBetter: false },
  {
    name: 'sessionThroughput',
    title: 'Sessions opened and closed',
    unit: 'sessions/s',
    higherIsBetter: true,
  },
  {
    name: 'syncFirstWriteMs',
    title: 'Leader loss to first committed write',
    unit: 'ms',
    higherIsBetter: false,
  },
  {
    name: 'syncFirstLearnerMs',
    title: 'Leader loss to first learner serving',
    unit: 'ms',
    higherIsBetter: false,
  },
  {
    name: 'syncLastLearnerMs',
    title: 'Leader loss to last learner serving',
    unit: 'ms',
    higherIsBetter: false,
  },
  { name: 'longestWaitMs', title: 'Longest wait of a client', unit: 'ms', higherIsBetter: false },
  {
    name: 'stormLastLearnerMs',
    title: 'First committed write to last learner serving, each with a snapshot',
    unit: 'ms',
    higherIsBetter: false,
  },
  {
    name: 'stormMedianLearnerMs',
    title: 'First committed write to half of the learners serving, each with a snapshot',
    unit: 'ms',
    higherIsBetter: false,
  },
  {
    name: 'stormLinkUse',
    title: 'Bandwidth that the busiest master used while it sent snapshots',
    unit: '%',
    higherIsBetter: true,
  },
  { name: 'leaderCpuPerWrite', title: 'CPU of the leader per write', unit: 'µs', higherIsBetter: false },
  {
    name: 'serverCpuPerOperation',
    title: 'CPU of all members per operation',
    unit: 'µs',
    higherIsBetter: false,
  },
  {
    name: 'stalenessMs',
    title: 'Write at the leader until a learner shows it, median',
    unit: 'ms',
    higherIsBetter: false,
  },
  {
    name: 'zxidsBehind',
    title: 'Transactions that a read lacks, mean',
    unit: 'zxids',
    higherIsBetter: false,
  },
  {
    name: 'zxidsBehindMax',
    title: 'Transactions that a read lacks, worst',
    unit: 'zxids',
    higherIsBetter: false,
    worstCounts: true,
  },
  {
    name: 'sinksServingMs',
    title: 'Start of the sink observers until the last one served',
    unit: 'ms',
    higherIsBetter: false,
  },
  {
    name: 'leaderThrottled',
    title: 'Periods in which the leader used up its CPU budget',
    unit: '%',
    higherIsBetter: true,
  },
  { name: 'machineIdle', title: 'Idle time of the machine', unit: '%', higherIsBetter: true },
  {
    name: 'writeAfterHeal',
    title: 'Heal to first committed write',
    unit: 'ms',
    higherIsBetter: false,
  },
  {
    name: LONGEST_GAP,
    title: 'Longest time without an answer',
    unit: 'ms',
    higherIsBetter: false,
    worstCounts: true,
  },
  {
    name: FALSE_LOSSES,
    title: 'Sessions that an application lost while the ensemble served',
    unit: 'sessions',
    higherIsBetter: false,
    worstCounts: true,
  },
  {
    name: 'voterReadAvailability',
    title: 'Reads answered under the fault, worst voter of the worst round',
    unit: '%',
    higherIsBetter: true,
    worstCounts: true,
  },
  {
    name: 'observerReadAvailability',
    title: 'Reads answered under the fault, worst observer of the worst round',
    unit: '%',
    higherIsBetter: true,
    worstCounts: true,
  },
  {
    name: 'quietReadP99',
    title: 'Read of a quiet client, 99th percentile',
    unit: 'ms',
    higherIsBetter: false,
  },
  { name: 'readAvailability', title: 'Reads answered', unit: '%', higherIsBetter: true },
];

/** The conditions of the standard suites; other conditions are allowed and shown after these. */
export const CONDITIONS = {
  healthy: 'healthy',
  /** The control for the proxies: every other condition includes their cost. */
  direct: 'healthy, without proxies',
  /** That of the project's suites; others have their own, see `observerLatencyCondition`. */
  observerLatency: 'observer latency 20±5 ms',
  observersBlackholed: 'observers blackholed',
  /** Its control, measured in turn with it, so that neither finds warmer servers. */
  withoutTheCut: 'healthy, in turn with the cut',
  oneVoterBlackholed: 'one voter blackholed',
  leaderKilled: 'leader killed',
  leaderCut: 'leader cut',
  quorumLost: 'quorum lost',
  /** One write at a time, so that nothing is batched; where it enters is the difference. */
  singleAtLeader: 'single writes at the leader',
  singleAtFollower: 'single writes at a follower',
  singleAtObserver: 'single writes at an observer',
  readsAtFollower: 'reads at a follower',
  readsAtObserver: 'reads at an observer',
  readsFewSessions: 'reads at every member, few sessions',
  readsManySessions: 'reads at every member, many sessions',
  /** Two ensembles at the same time, at the same pace. */
  steadyWrites: 'steady writes, side by side',
  readsBeside: 'healthy, while clients read at the observers',
  sessions: 'sessions that open and close',
  /** A write at the leader, until a client of this role hears of it. */
  seenAtFollower: 'seen at a follower',
  seenAtObserver: 'seen at an observer',
  /** Clients read and write at a steady pace, each at one voter. The second has the first for its control. */
  steadyClients: 'steady clients',
  reconfigured: 'steady clients, while the members are reconfigured',
  /** The control: the same processes are as busy, but another member serves them. */
  greedyElsewhere: 'greedy neighbours at another member',
  greedyNeighbours: 'beside greedy neighbours',
} as const;

/** The ensembles in which local and global sessions are compared, as suites name them. */
export const SESSION_ENSEMBLES = { local: 'localSessions', global: 'globalSessions' } as const;

/** The ensembles whose observers feed a commit stream, and do not, as suites name them. */
export const STREAM_ENSEMBLES = { streaming: 'streaming', plain: 'notStreaming' } as const;

/** The ensembles whose observers hear proposals and commits, and hear INFORM, as suites name them. */
export const HEARING_ENSEMBLES = { proposals: 'hearProposals', results: 'hearResults' } as const;

/** The ensembles of both servers in one run, as suites name them. */
export const RIVALS = { zklab: 'zklabs', apache: 'apaches' } as const;

/** What a suite adds to each packet on the links of observers, each way. */
export interface ObserverLatency {
  readonly ms: number;
  readonly jitterMs: number;
}

export function observerLatencyCondition({ ms, jitterMs }: ObserverLatency): string {
  return `observer latency ${ms}±${jitterMs} ms`;
}

/** Undefined for a condition of another kind. */
export function observerLatencyOf(condition: string): ObserverLatency | undefined {
  const [, ms, jitterMs] = /^observer latency (\d+)±(\d+) ms$/.exec(condition) ?? [];
  return jitterMs === undefined ? undefined : { ms: Number(ms), jitterMs: Number(jitterMs) };
}

/** One write at a time at the leader, with values of this size. */
export function sizedCondition(bytes: number): string {
  return `single writes of ${bytes} bytes`;
}

/** Undefined for a condition of another kind. */
export function bytesOf(condition: string): number | undefined {
  const bytes = /^single writes of (\d+) bytes$/.exec(condition)?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}

/** Writes beside so many sink observers; 0 is the control. */
export function crowdCondition(sinks: number): string {
  return `beside ${sinks} sink observers`;
}

/** Undefined for a condition of another kind. */
export function crowdSizeOf(condition: string): number | undefined {
  const size = /^beside (\d+) sink observers$/.exec(condition)?.[1];
  return size === undefined ? undefined : Number(size);
}

/** So many sink observers lose their leader, and each takes a snapshot of so many MB of the next. */
export interface StormSize {
  readonly sinks: number;
  readonly snapshotMb: number;
}

/** From here on a claim is about hundreds. */
export const HUNDREDS_MIN = 100;

export function stormCondition({ sinks, snapshotMb }: StormSize): string {
  return `leader killed, ${sinks} observers take ${snapshotMb} MB each`;
}

/** Undefined for a condition of another kind. */
export function stormSizeOf(condition: string): StormSize | undefined {
  const [, sinks, snapshotMb] = /^leader killed, (\d+) observers take (\d+) MB each$/.exec(condition) ?? [];
  return snapshotMb === undefined ? undefined : { sinks: Number(sinks), snapshotMb: Number(snapshotMb) };
}

/** The control for n observers is n placebos. Fewer would use less CPU. */
export function placeboCondition(observers: number): string {
  return `healthy, beside ${observers} placebo observers`;
}

/** The loads whose timelines are kept, in the order of reports. */
export const LOADS = {
  outage: 'writes through the outage',
  saturated: 'writes, closed loop',
  paced: 'writes, open loop',
  reads: 'reads at one observer, open loop',
} as const;

/**
 * The series of a timeline. Rates are per second; latencies are in ms and, in an open loop, measured from the
 * intended start.
 */
export const SERIES = {
  /** Open loop only: operations that should have begun. */
  intended: 'intended',
  done: 'done',
  /** Refused, lost, or never sent. Absent when there was none. */
  failed: 'failed',
  latencyP50: 'latency, median',
  latencyP99: 'latency, 99th percentile',
  latencyMax: 'latency, slowest',
} as const;

/** Keys of `exactCounts`, in the order of reports. Other keys are allowed and shown by their name. */
export const EXACT_COUNTS: Readonly<Record<string, string>> = {
  messagesPerWrite: 'Messages between members, per committed write',
  bytesPerWrite: 'Bytes between members, per committed write',
  leaderMessagesPerWrite: 'Messages the leader sends, per committed write',
  leaderBytesPerWrite: 'Bytes the leader sends, per committed write',
  fsyncsPerWrite: 'Log fsyncs of all members, per committed write',
  leaderFsyncsPerWrite: 'Log fsyncs of the leader, per committed write',
  followerMessagesPerWrite: 'Messages of a follower, sent and received, per committed write',
  followerBytesPerWrite: 'Bytes of a follower, sent and received, per committed write',
  followerFsyncsPerWrite: 'Log fsyncs of a follower, per committed write',
  observerMessagesPerWrite: 'Messages of an observer, sent and received, per committed write',
  observerBytesPerWrite: 'Bytes of an observer, sent and received, per committed write',
  observerFsyncsPerWrite: 'Log fsyncs of an observer, per committed write',
  requestsPerWrite: 'Requests that members forward, per committed write',
  requestsToLeaderPerRead: 'Requests to the leader beside transactions, per read',
  followerLinkBytesPerWrite: 'Bytes on a follower’s connection (TCP), per committed write',
  followerLinkPacketsPerWrite: 'Packets on a follower’s connection (TCP), per committed write',
  observerLinkBytesPerWrite: 'Bytes on an observer’s connection (TCP), per committed write',
  observerLinkPacketsPerWrite: 'Packets on an observer’s connection (TCP), per committed write',
  transactionsPerSession: 'Transactions per session that opens and closes',
  fsyncsPerSession: 'Log fsyncs of all members, per session that opens and closes',
  leaderConnections: 'Learner connections on the leader',
  informsPerSink: 'Commits told to each sink observer, per committed write',
  membersBehind: 'Members that had committed less than the leader seconds after a load, in all rounds',
  acksFromObservers: 'Acks that observers sent, in all rounds',
  pingsDuringTheLoad: 'Pings between members, in all rounds',
};

/** Keys of `exactCounts` that are sums over all rounds; the others are medians of them. */
export const TOTALS: readonly string[] = ['acksFromObservers', 'membersBehind', 'pingsDuringTheLoad'];

/** What people ask first when two runs are compared. */
export interface Family {
  readonly name: string;
  /** The first one that both runs measured stands for the family. The label is short, for a summary. */
  readonly metrics: readonly { readonly name: string; readonly label: string }[];
  /** The condition whose cells are judged together; all conditions where there is none of it. */
  readonly condition: string;
}

export const FAMILIES: readonly Family[] = [
  {
    name: 'writes',
    metrics: [{ name: 'writeThroughput', label: 'Writes' }],
    condition: CONDITIONS.healthy,
  },
  {
    name: 'reads',
    metrics: [
      { name: 'readThroughput', label: 'Reads' },
      { name: 'readLatencyP50', label: 'Read time' },
    ],
    condition: CONDITIONS.healthy,
  },
  {
    name: 'latency',
    metrics: [
      { name: 'writeLatencyP50', label: 'Latency' },
      { name: 'loneWriteLatencyP50', label: 'Latency' },
    ],
    condition: CONDITIONS.healthy,
  },
  {
    name: 'sync',
    metrics: [
      { name: 'syncLastLearnerMs', label: 'Sync' },
      { name: 'sinksServingMs', label: 'Sync' },
    ],
    condition: CONDITIONS.leaderKilled,
  },
  {
    name: 'cost',
    metrics: [
      { name: 'leaderCpuPerWrite', label: 'CPU/write' },
      { name: 'serverCpuPerWrite', label: 'CPU/write' },
      { name: 'restingMemory', label: 'Memory' },
    ],
    condition: CONDITIONS.healthy,
  },
];

/** Metrics that say how a window went. No value of them is better than another. */
export const PROOFS: readonly string[] = [
  'leaderThrottled',
  'machineIdle',
  'countedOperations',
  'stormLinkUse',
];

/**
 * Keys of `exactCounts` that depend on how many writes shared a batch, on which member the clients reached,
 * or on time. The same server gives other values on another day.
 */
const FREE_COUNTS: readonly string[] = [
  'fsyncsPerWrite',
  'leaderFsyncsPerWrite',
  'followerFsyncsPerWrite',
  'observerFsyncsPerWrite',
  'fsyncsPerSession',
  'requestsPerWrite',
  'followerLinkBytesPerWrite',
  'followerLinkPacketsPerWrite',
  'observerLinkBytesPerWrite',
  'observerLinkPacketsPerWrite',
  'pingsDuringTheLoad',
];

/** Keys of `exactCounts` of a load: what became of its requests. */
export const REQUEST_COUNTS = { ok: 'ok', unanswered: 'without an answer', failed: 'failed ' } as const;

/** Whether a count is no finding: it depends on batches, on members or on time, or it is of clients. */
export function isFreeCount(name: string): boolean {
  const { ok, unanswered, failed } = REQUEST_COUNTS;
  return FREE_COUNTS.includes(name) || name === ok || name === unanswered || name.startsWith(failed);
}
