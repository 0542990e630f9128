import { z } from 'zod';
import { environment, machineUse } from './machine-schema.ts';
import { matrix } from './matrix-schema.ts';
import { confidence, count, estimateSchema, ms, text, timestamp } from './schema-values.ts';

/** Incremented whenever an older reader would misread a newer result. */
export const SCHEMA_VERSION = 1;

const VERDICTS = ['holds', 'fails', 'not shown here', 'void'] as const;
const ROLES = ['leader', 'follower', 'voter', 'observer'] as const;
export const OUTCOMES = ['ok', 'stale', 'readonly', 'refused', 'timeout', 'error'] as const;
/**
 * Judgements of a checker. `unknown`: nothing contradicts the guarantee, but too little was seen to call it
 * valid.
 */
export const VALIDITIES = ['valid', 'invalid', 'unknown'] as const;
const SYNC_MODES = ['DIFF', 'SNAP', 'TRUNC'] as const;

const run = z.strictObject({
  /** The name of the run's directory: time, then name. */
  id: text,
  name: text,
  suite: text,
  startedAt: timestamp,
  endedAt: timestamp,
  seed: z.union([z.int(), text]),
  commandLine: text,
  exitCode: z.int().min(0).max(255),
});

const member = z.strictObject({
  name: text,
  sid: z.int().nonnegative(),
  role: z.enum(['voter', 'observer']),
  /** Whether this member serves observers on observerMasterPort. */
  observerMaster: z.boolean(),
});

const topology = z.strictObject({
  name: text,
  shortForm: text,
  members: z.array(member).min(1),
  /** The experiment that started it itself; absent for the topologies of the suite. */
  experiment: text.optional(),
  /** Absent in older results, in which every link of zklab's servers had a proxy. */
  links: z.enum(['direct', 'observers proxied', 'proxied']).optional(),
  /** CPU that each member could use, in cores; absent when it was not limited. */
  budgetCores: z.number().positive().optional(),
});

/** The ends of a range in the unit of a claim; null is open. */
const range = z.strictObject({ low: z.number().nullable(), high: z.number().nullable() });

/** How a timed claim was judged. */
const rule = z.strictObject({
  /** Probability of a wrong "holds" at the margin, and likewise of a wrong "fails". */
  level: z.number().gt(0).lt(0.5),
  /** The good values. */
  margin: range,
  /** What this run could have shown, and what would show more. Only where it decided nothing. */
  detectable: z
    .strictObject({
      /** True values that come out as "holds" nine times out of ten; null when none do. */
      holds: range.nullable(),
      /** True values outside this come out as "fails" nine times out of ten; null when none do. */
      fails: range.nullable(),
      /** Rounds that would decide the value that was seen; null when 1,000 would not. */
      rounds: count.nullable(),
    })
    .optional(),
});

const claim = z.strictObject({
  /** As in the list of claims: W2, 004-2. */
  id: text,
  title: text,
  /** The row of the seed documents it comes from. */
  source: text,
  hypothesis: text,
  metric: text,
  unit: z.string(),
  control: text,
  verdict: z.enum(VERDICTS),
  /** One sentence with the number, its interval and its control; absent when nothing was compared. */
  finding: text.optional(),
  /** Why the verdict follows. It begins with the finding. */
  reason: text,
  estimate: estimateSchema.optional(),
  rule: rule.optional(),
  /** Ids of measurements. */
  evidence: z.array(text),
  /** Exact counts by the servers, which involve no clock. */
  exact: z.array(z.strictObject({ name: text, value: z.number(), unit: z.string() })),
  /**
   * For a failing claim: why the failure is known and expected of the present server. It does not fail the
   * run.
   */
  known: text.optional(),
  warnings: z.array(text),
});

/**
 * `low` and `high` bound the median. They are null when n is too small for an interval; all three are when n
 * is 0.
 */
const summary = z.strictObject({
  median: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: count,
  confidence,
  warnings: z.array(text),
});

const measurement = z.strictObject({
  id: text,
  /** writeThroughput, writeLatencyP50, writeLatencyP99, readThroughput, syncFirstWriteMs, ... */
  metric: text,
  topology: text,
  /**
   * healthy, observer latency 20±5 ms, observers blackholed, one voter blackholed, leader killed, quorum
   * lost, ...
   */
  condition: text,
  unit: z.string(),
  higherIsBetter: z.boolean(),
  /** `start` counts the fresh ensembles of a run, from 0; absent when each was started once. */
  samples: z.array(z.strictObject({ round: count, value: z.number(), start: count.optional() })),
  summary,
  /** HdrHistogram V2, compressed, base64: all rounds merged. */
  histogram: z.strictObject({ encoded: z.base64(), unit: z.enum(['ns', 'us', 'ms']) }).optional(),
  /** Per committed write: messages, bytes, fsyncs; or totals such as connections. Units in the names. */
  exactCounts: z.record(text, z.number()).optional(),
});

/** A fault in force, in ms on the clock of the chart it is drawn over. */
const band = z.strictObject({
  fault: text,
  links: z.array(text),
  /** Its place in words, such as "20 links of v1". */
  on: text.optional(),
  /** Injection of the fault. */
  fromMs: ms,
  /** When the fault had been seen to bite. */
  bittenMs: ms.optional(),
  /** Heal of the fault. */
  toMs: ms,
  /** What was measured on the link, in words. */
  proof: z.string(),
});

const availability = z.strictObject({
  topology: text,
  condition: text,
  /** The role the member had before the fault. */
  role: z.enum(ROLES),
  member: text,
  /** Share of all probes that were answered (ok, stale or readonly), 0 to 100. */
  percent: z.number().min(0).max(100),
  /** The same of the probes that were due while the fault was in force; claims are about these. */
  percentUnderFault: z.number().min(0).max(100).optional(),
  probes: count,
  round: count.optional(),
  spans: z.array(z.strictObject({ fromMs: ms, toMs: ms, outcome: z.enum(OUTCOMES) })),
  bands: z.array(band),
});

/** Ms since the leader was lost. A mark that was never reached is absent. */
const syncMarks = z.strictObject({
  electedMs: ms.optional(),
  connectedMs: ms.optional(),
  syncModeChosenMs: ms.optional(),
  syncReceivedMs: ms.optional(),
  upToDateMs: ms.optional(),
  servingMs: ms.optional(),
});

const sync = z.strictObject({
  topology: text,
  condition: text,
  round: count,
  /** The member's name. */
  learner: text,
  role: z.enum(ROLES),
  /** Name of the leader or observer master that served it. */
  syncedWith: text.optional(),
  /** Absent when no log tells it; Apache's logs do not. */
  mode: z.enum(SYNC_MODES).optional(),
  bytes: count.optional(),
  marks: syncMarks,
});

const SERIES_VALUES_MAX = 512;

/** A value for each bucket; null when too little happened in it to tell. */
const series = z.strictObject({
  name: text,
  unit: z.string(),
  values: z.array(z.number().nullable()).max(SERIES_VALUES_MAX),
});

/** One load of one round over time. */
const timeline = z.strictObject({
  topology: text,
  condition: text,
  round: count,
  /** The load, such as "writes, closed loop". */
  load: text,
  /** Wall clock at 0 ms, when the warm-up was over. */
  startedAt: timestamp,
  /** Value i of a series covers i * bucketMs to (i + 1) * bucketMs. */
  bucketMs: z.int().positive(),
  series: z.array(series),
  bands: z.array(band),
  /** Why it does not count; absent when it does. */
  voidReasons: z.array(text).min(1).optional(),
});

const linkReadings = z.record(text, z.union([z.number(), z.string(), z.null()]));

const fault = z.strictObject({
  fault: text,
  topology: text,
  condition: text,
  round: count,
  links: z.array(text),
  /**
   * False voids everything measured under the fault, because an injection that changed nothing proves
   * nothing.
   */
  bit: z.boolean(),
  /**
   * Measured on the link before the fault and while it was in force. Units are in the names: rttMs,
   * bytesPerS.
   */
  before: linkReadings,
  after: linkReadings,
  /** How it was measured, and what would have counted; absent in results before it was kept. */
  how: z.string().optional(),
});

const death = z.strictObject({
  topology: text,
  member: text,
  role: z.enum(['voter', 'observer']),
  at: timestamp,
  /** An exit code or a signal. */
  exit: text,
  /** What was being done: "writes of masters, observers blackholed, round 2". */
  during: text,
  /** The last lines of its log. */
  logEnd: z.string(),
});

/** Operations that cannot all have been answered so, for a drawing. */
const counterexample = z.strictObject({
  title: text,
  operations: z.array(
    z.strictObject({
      /** The client, which has a lane of its own. */
      process: count,
      operation: count,
      /** "setData "a" -> version 3" */
      text,
      /** On the clock of the history. */
      fromMs: z.number().nonnegative(),
      /** Null: its outcome is unknown, so it may take effect at any time after its beginning. */
      toMs: z.number().nonnegative().nullable(),
      /** Its answer has no explanation. */
      isCulprit: z.boolean(),
    }),
  ),
});

/** The judgement of a checker about the history of a workload. */
const judgement = z.strictObject({
  checker: text,
  valid: z.enum(VALIDITIES),
  /** How many things were compared. */
  checked: count,
  /** Why it is not valid, one sentence each. */
  reasons: z.array(text),
  /** What it measured on the way. */
  notes: z.array(text).optional(),
  /** Absent when the checker draws none. */
  counterexample: counterexample.optional(),
});

const traffic = z.record(text, z.strictObject({ messages: count, bytes: count }));

/** What an ensemble did in one window of a paced load, and what it cost: the data of the cost model. */
const workWindow = z.strictObject({
  topology: text,
  round: count,
  /** Measured to test the model, and no part of its fit. */
  isHeldOut: z.boolean(),
  voters: z.int().positive(),
  /** Without a tree included. */
  observers: count,
  masters: z.boolean(),
  seconds: z.number().positive(),
  /** Number of writes that were offered, and committed, per second. */
  ratePerSecond: z.number().positive(),
  committedPerSecond: z.number().positive(),
  valueBytes: count,
  /** Where clients were connected, and the sessions on each such member. */
  clients: z.enum(['leader', 'voters', 'observers', 'all']),
  sessions: z.int().positive(),
  /** From send to reply; null with too few samples. */
  latencyP50Us: z.number().nonnegative().nullable(),
  members: z.array(
    z.strictObject({
      member: text,
      role: z.enum(['leader', 'follower', 'observer']),
      /** Of all its threads, in the whole window. */
      cpuUs: z.number().nonnegative(),
      /** Amounts of work in the whole window, by kind. */
      work: z.record(text, z.number().nonnegative()),
      sent: traffic,
      clientBytesReceived: count,
    }),
  ),
});

const shape = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  run,
  environment,
  machineUse: machineUse.optional(),
  /** What the run was told to do, with every default: the suite or the schedule, the load, all settings. */
  inputs: z.record(text, z.json()).optional(),
  topologies: z.array(topology).min(1),
  claims: z.array(claim),
  /** Absent when the run measured no matrix. */
  matrix: matrix.optional(),
  measurements: z.array(measurement),
  availability: z.array(availability),
  syncs: z.array(sync),
  timelines: z.array(timeline),
  faults: z.array(fault),
  /** For a schedule of faults. Absent when no workload was judged. */
  judgements: z.array(judgement).optional(),
  /** Of `zklab bench costs` only. */
  workWindows: z.array(workWindow).optional(),
  validity: z.strictObject({
    void: z.boolean(),
    reasons: z.array(text),
    /**
     * How far the run had come when Ctrl-C or a signal ended it: "after 3 of 12 rounds of writes". Absent
     * when it was not interrupted.
     */
    interrupted: text.optional(),
    /** What was asked for and not measured, and why, one sentence each. Absent when all was measured. */
    unmeasured: z.array(text).min(1).optional(),
  }),
  /**
   * Processes of members that ended although the lab did not end them. Absent in results that did not
   * record it.
   */
  deaths: z.array(death).optional(),
  /** What this run cannot show, and what would make it wrong, one sentence each. */
  limits: z.array(text),
});

/** The schema of result.json. It is strict, and every name that a result refers to must exist in it. */
export const resultSchema = shape.superRefine((result, context) => {
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  for (const list of ['measurements', 'claims'] as const) {
    for (const [index, id] of repeated(result[list].map(item => item.id)))
      refuse([list, index, 'id'], `"${id}" is used twice`);
  }
  for (const [index, name] of repeated(result.topologies.map(item => item.name)))
    refuse(['topologies', index, 'name'], `"${name}" is used twice`);

  const topologies = new Set(result.topologies.map(item => item.name));
  for (const list of [
    'measurements',
    'availability',
    'syncs',
    'timelines',
    'faults',
    'workWindows',
  ] as const) {
    for (const [index, item] of (result[list] ?? []).entries()) {
      if (!topologies.has(item.topology))
        refuse(
          [list, index, 'topology'],
          `no topology "${item.topology}", only ${[...topologies].join(', ')}`,
        );
    }
  }
  const cells = new Set(result.matrix?.cells.map(item => item.id));
  for (const [index, item] of (result.matrix?.comparisons ?? []).entries()) {
    for (const side of ['cell', 'control'] as const) {
      if (!cells.has(item[side])) refuse(['matrix', 'comparisons', index, side], `no cell "${item[side]}"`);
    }
  }
  const measured = new Set(result.measurements.map(item => item.id));
  for (const [index, item] of result.claims.entries()) {
    for (const [at, id] of item.evidence.entries()) {
      if (!measured.has(id)) refuse(['claims', index, 'evidence', at], `no measurement "${id}"`);
    }
  }
});

function* repeated(names: readonly string[]): Generator<[number, string]> {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (seen.has(name)) yield [index, name];
    seen.add(name);
  }
}

export type Result = z.infer<typeof shape>;
export type MachineUse = z.infer<typeof machineUse>;
export type Environment = Result['environment'];
export type Topology = Result['topologies'][number];
export type Claim = Result['claims'][number];
export type Verdict = Claim['verdict'];
export type Estimate = z.infer<typeof estimateSchema>;
export type Measurement = Result['measurements'][number];
export type Summary = Measurement['summary'];
export type WorkWindow = z.infer<typeof workWindow>;
export type Band = z.infer<typeof band>;
export type Availability = Result['availability'][number];
export type Outcome = (typeof OUTCOMES)[number];
export type Sync = Result['syncs'][number];
export type Timeline = Result['timelines'][number];
export type Death = z.infer<typeof death>;
export type Judgement = z.infer<typeof judgement>;
export type Counterexample = z.infer<typeof counterexample>;
export type Matrix = z.infer<typeof matrix>;
export type MatrixComparison = Matrix['comparisons'][number];
export type Fault = Result['faults'][number];
