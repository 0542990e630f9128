/** One round of one AdminServer: its commands one after the other, each as fast as the answers come. */
import { getPriority } from 'node:os';
import type { Metric } from '../../results/names.ts';
import { DriverMonitor, saturation } from '../load/driver/driver-monitor.ts';
import { driverOf, type WorstDriver, worstOf } from '../load/driver/worst-driver.ts';
import { type HttpLoadResult, runHttpLoad } from '../load/http.ts';
import { cpuBetween } from '../measure/process-sampler.ts';
import type { Ensemble } from '../topology/ensemble.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import type { Member } from '../topology/member.ts';
import type { Round } from './servers.ts';

/** From the cheapest possible command to the most expensive one that monitors call every few seconds. */
const HTTP_COMMANDS = ['ruok', 'server_stats', 'monitor'] as const;
type HttpCommand = (typeof HTTP_COMMANDS)[number];

const COMMANDS_URL = '/commands';
/** autocannon reports whole milliseconds, and 0 has no ratio to anything. */
const LATENCY_MS_MIN = 1;

const throughputOf = (command: HttpCommand) => `${command}Throughput`;
const cpuOf = (command: HttpCommand) => `${command}CpuPerRequest`;
const latencyOf = (command: HttpCommand) => `${command}LatencyP99`;

export const HTTP_METRICS: readonly Metric[] = HTTP_COMMANDS.flatMap(command => [
  { name: throughputOf(command), title: command, unit: 'requests/s', higherIsBetter: true },
  { name: cpuOf(command), title: `${command}, server CPU per request`, unit: 'µs', higherIsBetter: false },
  { name: latencyOf(command), title: `${command}, 99th percentile`, unit: 'ms', higherIsBetter: false },
]);

export interface HttpRoundSpec {
  /** Duration of each command. */
  readonly durationMs: number;
  readonly connections: number;
}

/**
 * @throws the reason of `signal` when it is aborted before the last command; EnsembleError for a wrong answer
 */
export async function measureHttpRound(
  ensemble: Ensemble,
  spec: HttpRoundSpec,
  signal: AbortSignal,
): Promise<Round> {
  const member = ensemble.members[0]!;
  const readings: Record<string, number> = {};
  const voidReasons: string[] = [];
  let driverLagMs = 0;
  let worst: WorstDriver | null = null;
  for (const command of HTTP_COMMANDS) {
    signal.throwIfAborted();
    const { load, cpuUsPerRequest, driver, reasons } = await measureCommand(member, command, spec, signal);
    readings[throughputOf(command)] = load.requestsPerSecond;
    if (cpuUsPerRequest !== undefined) readings[cpuOf(command)] = cpuUsPerRequest;
    if (load.latencyMs.p99 !== undefined)
      readings[latencyOf(command)] = Math.max(LATENCY_MS_MIN, load.latencyMs.p99);
    voidReasons.push(...reasons.map(reason => `${command}: ${reason}`));
    driverLagMs = Math.max(driverLagMs, driver.loopLagP99Ms);
    worst = worstOf([worst, driverOf(driver, getPriority())]);
  }
  return { readings, voidReasons, driverLagMs, driver: worst };
}

async function measureCommand(
  member: Member,
  command: HttpCommand,
  spec: HttpRoundSpec,
  signal: AbortSignal,
) {
  const { host, port, machine } = member.plan.ports.admin;
  const url = `http://${host}:${port}${COMMANDS_URL}/${command}`;
  await checkAnswer(url, command);
  const monitor = new DriverMonitor().start();
  const before = member.usage();
  const load = await runHttpLoad({ url, machine, ...spec, signal });
  const after = member.usage();
  const driver = monitor.stop();
  const answered = load.ok + load.non2xx;
  return {
    load,
    cpuUsPerRequest:
      before === null || after === null ? undefined : cpuBetween(before, after, answered).cpuUsPerOperation,
    driver,
    // A server that uses every core makes the driver wait for one. This is reported with the limits, and is
    // no void reason by itself.
    reasons: [...load.voidReasons, ...failures(load), ...saturation({ ...driver, loopLagP99Ms: 0 })],
  };
}

/** Status 200 shows nothing, because AdminServer's errors have it too. */
async function checkAnswer(url: string, command: string): Promise<void> {
  const answer = await fetch(url).then(
    response => response.text(),
    (error: Error) => `no answer: ${String(error.cause ?? error.message)}`,
  );
  if (!isAnswerOf(command, answer))
    throw new EnsembleError(
      `${url} should answer ${command} without an error, and says: ${answer.slice(0, 200)}`,
    );
}

export function isAnswerOf(command: string, body: string): boolean {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer !== 'object' || answer === null) return false;
    return 'command' in answer && answer.command === command && 'error' in answer && answer.error === null;
  } catch {
    return false;
  }
}

function failures({ non2xx, errors, timeouts }: HttpLoadResult): string[] {
  if (non2xx + errors === 0) return [];
  return [
    `${non2xx} answers were not 2xx, and ${errors} requests failed, ${timeouts} of them for lack of time`,
  ];
}
