/** A forecast as a person reads it. It calls itself a prediction, and no number stands without its error. */
import type { CostModel } from './cost-model.ts';
import type { ClientPlace, Shape } from './expected-work.ts';
import {
  type Bound,
  type Forecast,
  GATHER_MS_MAX,
  type Question,
  type Range,
  type RoleForecast,
  usableCores,
  type WriteLatency,
} from './forecast.ts';
import { number, percent, table } from './model-text.ts';

/** The run that the costs come from. */
export interface CostsSource {
  readonly run: string;
  readonly machine: string;
  readonly cpu: string;
  readonly at: string;
  readonly ratesPerSecond: { readonly min: number; readonly max: number };
  readonly valueBytes: { readonly min: number; readonly max: number };
  readonly votersMax: number;
  readonly learnersMax: number;
  /** Sessions on each member with clients, and where clients were. */
  readonly sessions: { readonly min: number; readonly max: number };
  readonly clients: readonly ClientPlace[];
  /** Held-out median error of the latency; undefined when it could not be tested. */
  readonly latencyError: number | undefined;
  /** Why its times are about the machine more than about the servers; undefined when they are not. */
  readonly busy: string | undefined;
}

export function forecastText(
  question: Question,
  { roles, bound, gatherMs, latencies }: Forecast,
  model: CostModel,
  source: CostsSource,
): string {
  const { shape, load, machines } = question;
  return [
    `prediction for ${shapeText(shape)} at ${load.ratePerSecond} writes/s of ${load.valueBytes} bytes, clients at ${load.clients === 'leader' ? 'the leader' : load.clients}`,
    '',
    table([
      [
        'member',
        'number',
        'cores',
        'likely',
        'MB/s out',
        'MB/s in',
        'messages/s out',
        'messages/s in',
        'network',
      ],
      ...roles.map(roleRow),
    ]),
    '',
    boundText(bound, question),
    ...gatherLines(gatherMs, question),
    ...latencyLines(latencies, source.latencyError),
    '',
    `Costs: run ${source.run}, on ${source.machine}, ${source.cpu}, ${source.at}. Held-out cells were missed by ${percent(model.medianError)} in the median (${model.heldOut.length} roles of cells, from ${model.heldOutWindows} windows); nine in ten by less than ${errorText(model, roles)}.`,
    ...(source.busy === undefined ? [] : [`Warning: when the costs were measured, ${source.busy}.`]),
    `"likely" holds 95 % of the fits to windows drawn again, widened by the error that nine in ten held-out cells of the role stayed below.`,
    ...beyondMeasured(question, bound, source).map(each => `Beyond what was measured: ${each}.`),
    ...coreLines(machines.coresPerMember),
    'Left out: other processors and disks than those of that run, headers of TCP and IP, garbage collections of a large heap, reads, watches, snapshots, and the load of an election.',
  ].join('\n');
}

function roleRow({
  role,
  members,
  cores,
  bytesPerSecond,
  messagesPerSecond,
  nicShare,
}: RoleForecast): string[] {
  return [
    role,
    String(members),
    cores.value.toFixed(2),
    `${cores.low.toFixed(2)} to ${cores.high.toFixed(2)}`,
    megabytes(bytesPerSecond.sent),
    megabytes(bytesPerSecond.received),
    messagesPerSecond.sent.toFixed(0),
    messagesPerSecond.received.toFixed(0),
    percent(nicShare),
  ];
}

function boundText({ role, resource, ratePerSecond }: Bound, { load, machines }: Question): string {
  const what = {
    CPU: `CPU of the ${role}, of which ${usableCores(machines)} core is usable`,
    'sent bytes': `the network of the ${role}, which sends`,
    'received bytes': `the network of the ${role}, which receives`,
  }[resource];
  const rate = `${rounded(ratePerSecond.value)} writes/s${rangeText(ratePerSecond)}`;
  const verdict =
    load.ratePerSecond <= ratePerSecond.low
      ? `${load.ratePerSecond} writes/s are below that`
      : load.ratePerSecond > ratePerSecond.high
        ? `${load.ratePerSecond} writes/s are above that`
        : `whether it takes ${load.ratePerSecond} writes/s is within the error`;
  return `Limit: ${what}, at ${rate}; ${verdict}. A busy member may gather its output for up to ${GATHER_MS_MAX} ms there.`;
}

function rangeText({ value, low, high }: Range): string {
  return low === value && high === value ? '' : `, likely ${rounded(low)} to ${rounded(high)}`;
}

function gatherLines(gatherMs: number | undefined, { load }: Question): string[] {
  if (gatherMs === undefined)
    return [
      `${load.ratePerSecond} writes/s need more CPU than a member has, however much it gathers; the table shows what they would need.`,
    ];
  if (gatherMs === 0) return [];
  return [`To save CPU, the busiest member gathers its output for ${number(gatherMs)} ms at this rate.`];
}

function latencyLines(latencies: readonly WriteLatency[] | undefined, error: number | undefined): string[] {
  if (latencies === undefined)
    return ['Latency of a write: none, because a member is so busy at this rate that its queue decides.'];
  if (error === undefined)
    return ['Latency of a write: none, because the run of the costs has no latency to test it on.'];
  return [
    `Latency of a write, which missed held-out cells by ${percent(error)} in the median, on cores that members share. It leaves out waiting for a core, slow fsyncs, lost packets and the way from the client to its member:`,
    ...latencies.map(
      ({ from, ms, networkMs, fsyncMs, cpuMs }) =>
        `  at ${from === 'observer' ? 'an' : 'a'} ${from}: about ${number(ms)} ms = ${number(networkMs)} network + ${number(fsyncMs)} fsync + ${number(cpuMs)} CPU`,
    ),
  ];
}

/** What of the question, and of the answer, lies outside what the costs were measured at. */
export function beyondMeasured(
  { shape, load }: Question,
  { ratePerSecond }: Bound,
  source: CostsSource,
): string[] {
  const { ratesPerSecond, valueBytes, votersMax, learnersMax, sessions, clients } = source;
  const learners =
    shape.masters && shape.voters > 1
      ? Math.ceil(shape.observers / (shape.voters - 1))
      : shape.voters - 1 + shape.observers;
  const outside = (value: number, { min, max }: { min: number; max: number }, unit: string) =>
    value < min || value > max
      ? [`${value} ${unit}, and ${min === max ? min : `${min} to ${max}`} were measured`]
      : [];
  return [
    ...outside(load.ratePerSecond, ratesPerSecond, 'writes/s'),
    ...outside(load.valueBytes, valueBytes, 'bytes'),
    ...outside(load.sessions, sessions, 'sessions on each member with clients'),
    ...(clients.includes(load.clients)
      ? []
      : [`clients at ${load.clients}, and clients at ${clients.join(', ')} were measured`]),
    ...(shape.voters > votersMax ? [`${shape.voters} voters, and at most ${votersMax} were measured`] : []),
    ...(learners > learnersMax
      ? [`${learners} learners at one member, and at most ${learnersMax} were measured`]
      : []),
    ...(ratePerSecond.value > ratesPerSecond.max
      ? [
          `the limit of ${rounded(ratePerSecond.value)} writes/s, and at most ${ratesPerSecond.max} were measured`,
        ]
      : []),
  ];
}

function coreLines(coresPerMember: number): string[] {
  return coresPerMember > 1
    ? [
        `A member does its work in one thread: of ${coresPerMember} cores it can use one, and the others only for garbage collection, compiling and the kernel's share of I/O, none of which was measured apart.`,
      ]
    : [];
}

function errorText(model: CostModel, roles: readonly RoleForecast[]): string {
  return roles.map(({ role }) => `${percent(model.errorBound[role])} for the ${role}`).join(', ');
}

export function shapeText({ voters, observers, masters }: Shape): string {
  const parts = [`voters=${voters}`];
  if (observers > 0) parts.push(`observers=${observers}`);
  if (masters) parts.push('masters=on');
  return parts.join(' ');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e6 ? 2 : 1);
}

/** Two digits that matter: a prediction has no more. */
function rounded(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en-US');
}
