/** `zklab claims`: measures what the chosen claims need, judges them, and returns the result document. */
import type { Claim } from '../../bench/claims/claim.ts';
import { judgeAll } from '../../bench/claims/judging/judge-all.ts';
import { membersStayUp } from '../../bench/claims/members-stay-up.ts';
import { networkSupport } from '../../bench/hosts/network/network-support.ts';
import { probeEnvironment } from '../../bench/measure/environment.ts';
import { MachineWatch } from '../../bench/measure/machine-use.ts';
import { Recorder } from '../../bench/measure/recorder.ts';
import { CellLedger, withoutSamples } from '../../bench/rounds/cell-ledger.ts';
import { Cells } from '../../bench/rounds/cells.ts';
import { Interleaving } from '../../bench/rounds/interleaving.ts';
import { measureToTheEnd, validityOf } from '../../bench/rounds/measuring-end.ts';
import { keepLogs } from '../../bench/topology/keep-logs.ts';
import type { PlanOptions } from '../../bench/topology/plan.ts';
import { EVENTS_VERSION, type EventSink } from '../../results/events.ts';
import type { Death, Result } from '../../results/schema.ts';
import { exitCodeOf, standingOf } from '../../results/verdicts.ts';
import { needsOf } from './index.ts';
import { Lab, type ServerKind } from './lab.ts';
import { measureAll } from './measure.ts';
import { proxyTax } from './proxy-tax.ts';
import { environmentOf, inputsOf, limitsOf } from './result-parts.ts';
import type { Suite } from './suite.ts';
import { topologyRows } from './topology-rows.ts';

export interface RunClaimsOptions {
  readonly suite: Suite;
  readonly claims: readonly Claim[];
  /** Somebody named these claims, so one of which nothing is measured makes the run void. */
  readonly areNamed: boolean;
  readonly server: ServerKind;
  readonly seed: number;
  readonly commandLine: string;
  /** Id and start of the run, as its directory name has them. */
  readonly runId: string;
  readonly startedAt: Date;
  /** Folder for the logs of the servers; undefined: they are not kept. */
  readonly logFolder: string | undefined;
  /** Receives every event of the run. */
  readonly events: EventSink;
  /** Ends the run early. */
  readonly signal: AbortSignal;
  /**
   * Where each member runs. Loads, proxies and the use of the machine are always those of this one.
   * @default LOCAL_HOST for all
   */
  readonly hostOf?: PlanOptions['hostOf'];
}

/**
 * An interruption ends the run early: the complete rounds are judged, and the result says so.
 * @throws EnsembleError when an ensemble does not start, UsageError, and the signal's reason when it came
 * before the first complete round; nothing is left running
 */
export async function runClaims(options: RunClaimsOptions): Promise<Result> {
  const { suite, claims, server, seed, events, signal, hostOf } = options;
  const startedMs = performance.now();
  const needs = needsOf(claims, suite);
  const rows = topologyRows({ suite, server, needs, hostOf });
  events.emit({
    kind: 'plan',
    version: EVENTS_VERSION,
    run: options.runId,
    suite: suite.name,
    seed,
    claims: claims.map(({ id }) => id),
    topologies: rows.map(({ name, shortForm }) => ({ name, shortForm })),
  });
  events.emit({ kind: 'phase', what: 'probing the machine' });
  const probed = await probeEnvironment();
  const watch = new MachineWatch();
  const recorder = new Recorder(events);
  const lab = await Lab.start({ suite, server, seed, events, signal, hostOf });
  const { budgetMs = Number.POSITIVE_INFINITY } = suite;
  const elapsedMs = () => performance.now() - startedMs;
  const plan = new Interleaving({ recorder, seed, budgetMs, elapsedMs, events, signal });
  const ledger = new CellLedger();
  const cells = new Cells({
    ...{ ledger, recorder, events, signal, recoverMaxMs: suite.recoverMaxMs },
    proxiesLost: () => lab.proxiesLost(),
  });
  const end = await measureToTheEnd({
    ...{ plan, events, signal },
    measure: () => measureAll({ lab, suite, seed, needs, plan, cells, recorder, events, signal }),
    abortLoads: () => lab.abortLoads(),
    async takeDown() {
      const use = watch.use(lab.worstDriver(), lab.toxiproxy.pid);
      // What was measured is not lost because a disk is full or a proxy cannot be removed.
      const also = (what: string) => (error: Error) => {
        const text = `${what}: ${causesOf(error).join('; ')}`;
        recorder.remarks.push(text);
        events.emit({ kind: 'note', text });
      };
      if (options.logFolder !== undefined && (!signal.aborted || plan.done !== undefined))
        for (const { label, ensemble } of lab.everyStage)
          await keepLogs(ensemble, options.logFolder, `${label}-`).catch(
            also(`the logs of ${label} were not kept`),
          );
      await lab.stop().catch(also('not everything ended cleanly'));
      return use;
    },
  });
  const { machineUse } = end;
  const measured = recorder.measured();
  const noBandwidth = needs.has('storms') ? (await networkSupport()).bandwidth : undefined;
  const environment = environmentOf(probed, lab.toxiproxy, { server, noBandwidth });
  const deaths = lab.deaths();
  const evidence = { ...measured, topologies: rows, environment, machineUse, deaths, suite: suite.reference };
  const judged = judgeAll(withDeaths(claims, deaths), evidence);
  for (const { id: claim, verdict, known, reason } of judged)
    events.emit({ kind: 'verdict', claim, verdict: standingOf({ verdict, known }), reason });
  const unmeasured = [
    ...lab.notStarted,
    ...ledger.unmeasured(),
    ...withoutSamples(measured.measurements),
    ...(options.areNamed ? withoutEvidence(judged) : []),
  ];
  const validity = validityOf(end, unmeasured);
  const tax = proxyTax(evidence);
  return {
    schemaVersion: 1,
    run: {
      id: options.runId,
      name: suite.name,
      suite: suite.name,
      startedAt: options.startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      seed,
      commandLine: options.commandLine,
      exitCode: exitCodeOf({ claims: judged, validity }),
    },
    environment,
    machineUse,
    inputs: inputsOf(options),
    topologies: rows,
    claims: judged,
    ...measured,
    deaths,
    validity,
    limits: [...recorder.remarks, ...(tax === undefined ? [] : [tax]), ...limitsOf(environment, rows, suite)],
  };
}

/** Claims that were asked for by name, and of which nothing was measured. */
function withoutEvidence(judged: Result['claims']): string[] {
  return judged
    .filter(({ verdict, evidence }) => verdict === 'not shown here' && evidence.length === 0)
    .map(({ id, reason }) => `claim ${id}: ${reason.replace(/\.$/, '')}`);
}

function causesOf(error: Error): string[] {
  return error instanceof AggregateError ? error.errors.flatMap(causesOf) : [error.message];
}

/** A member that died is judged even by a run that asked for other claims. */
function withDeaths(claims: readonly Claim[], deaths: readonly Death[]): readonly Claim[] {
  return deaths.length === 0 || claims.includes(membersStayUp) ? claims : [...claims, membersStayUp];
}
