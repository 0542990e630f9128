/** Starts the ensembles of a comparison, once or several times anew, and takes the rounds of each start. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EventSink } from '../../results/events.ts';
import type { Death } from '../../results/schema.ts';
import { isDefect } from '../defect.ts';
import { Ensemble } from '../topology/ensemble.ts';
import { deathRows, deathsSince, mendEnsemble, pausedMembers } from '../topology/ensemble-health.ts';
import { fourLetterWord, parseSrvr } from '../topology/four-letter.ts';
import { planEnsemble } from '../topology/plan.ts';
import type { EnsemblePlan } from '../topology/planned.ts';
import type { Comparison } from './comparison.ts';
import { type Contestant, mapped, type PerSide, type Readings, type Round, sidesOf } from './servers.ts';
import { type Among, type Measured, takeTurns } from './turns.ts';

/** A member that was started again must serve within this time. */
const MEND_MAX_MS = 30_000;

export interface StartOptions {
  readonly folder: string;
  readonly events: EventSink;
  readonly comparison: Comparison;
  readonly signal: AbortSignal;
}

export interface MeasuredStarts extends Omit<Measured, 'endedEarly'> {
  readonly deaths: readonly Death[];
  /** What the servers say of themselves. */
  readonly versions: PerSide<string>;
  /** Those of the first start. */
  readonly plans: PerSide<EnsemblePlan>;
}

/** @throws EnsembleError when an ensemble of the first start does not start, or that start gives no round */
export async function measureStarts(wanted: number, options: StartOptions): Promise<MeasuredStarts> {
  const { contestants, roundsPerStart = wanted } = options.comparison;
  const all = {
    rounds: mapped(contestants, (): Round[] => []),
    voidReasons: [] as string[],
    deaths: [] as Death[],
  };
  let about: Pick<MeasuredStarts, 'versions' | 'plans'> | undefined;
  for (let before = 0; before < wanted; before += roundsPerStart) {
    const among = { start: before / roundsPerStart, roundsBefore: before, roundsInAll: wanted };
    const count = Math.min(roundsPerStart, wanted - before);
    let one: Awaited<ReturnType<typeof measureStart>>;
    try {
      one = await measureStart(count, options, roundsPerStart < wanted ? among : undefined);
    } catch (error) {
      // Results of earlier starts are kept.
      if (about === undefined || isDefect(error)) throw error;
      const why = options.signal.aborted ? '' : `: ${(error as Error).message.split('\n')[0]}`;
      all.voidReasons.push(`ended early, after ${before} of ${wanted} rounds${why}`);
      break;
    }
    about ??= one;
    for (const side of sidesOf(contestants)) all.rounds[side]!.push(...one.rounds[side]!);
    all.voidReasons.push(...one.voidReasons);
    all.deaths.push(...one.deaths);
    if (one.endedEarly) break;
  }
  return { ...all, versions: about!.versions, plans: about!.plans };
}

async function measureStart(
  count: number,
  options: StartOptions,
  among: Among | undefined,
): Promise<MeasuredStarts & Measured> {
  const { comparison, folder, events, signal } = options;
  const { name, contestants } = comparison;
  const names = mapped(contestants, each => each.name);
  const running: Ensemble[] = [];
  const home = among === undefined ? folder : join(folder, `start-${among.start + 1}`);
  try {
    const started = await startAll({ ...options, folder: home }, running);
    const versions = {
      first: await versionOf(contestants.first, started.first),
      ...(started.second && { second: await versionOf(contestants.second!, started.second) }),
    };
    const measured = await takeTurns(count, {
      measure: side => comparison.measure(started[side]!.ensemble, signal),
      rested: async side => comparison.rested?.(started[side]!.ensemble, signal) ?? {},
      once: mapped(started, ({ once }) => once),
      ...{ names, name, events, signal },
      recover: recovererOf(started, names),
      ...(among && { among }),
    });
    return {
      ...measured,
      deaths: sidesOf(started).flatMap(side =>
        deathRows(started[side]!.ensemble, names[side]!, () => `bench ${name}`),
      ),
      versions,
      plans: mapped(started, ({ ensemble }) => ensemble.plan),
    };
  } finally {
    await Promise.all(running.map(ensemble => ensemble.stop()));
    if (home !== folder) rmSync(home, { recursive: true, force: true });
  }
}

interface Started {
  readonly ensemble: Ensemble;
  /** Readings that are taken once. */
  readonly once: Readings;
}

/** The started ensembles are in `running` at once, so that they end even if the other one does not start. */
async function startAll(
  { folder, events, comparison, signal }: StartOptions,
  running: Ensemble[],
): Promise<PerSide<Started>> {
  const start = async ({ name, topology }: Contestant): Promise<Started> => {
    events.emit({ kind: 'phase', what: `starting ${name}` });
    const plan = await planEnsemble(topology, join(folder, name));
    const ensemble = await Ensemble.start(plan, {
      temporaryFolder: folder,
      onMember: event => events.emit({ kind: 'member', topology: name, ...event }),
      ...(comparison.javaFlags && { javaFlags: comparison.javaFlags }),
      signal,
    });
    running.push(ensemble);
    return { ensemble, once: (await comparison.prepare?.(ensemble, signal)) ?? {} };
  };
  const { first, second } = comparison.contestants;
  const started = await start(first);
  return second === undefined ? { first: started } : { first: started, second: await start(second) };
}

async function versionOf({ version }: Contestant, { ensemble }: Started): Promise<string> {
  if (version !== undefined) return version;
  const answer = await fourLetterWord(ensemble.members[0]!.plan.ports.client, 'srvr');
  return parseSrvr(answer)?.version || 'of unknown version';
}

/** Brings back a member that ended or stands still, of either server. Returns what had happened to it. */
function recovererOf(started: PerSide<Started>, names: PerSide<string>): () => Promise<string[]> {
  const deathsSeen = new Map<Ensemble, number>();
  return async () => {
    const found: string[] = [];
    for (const side of sidesOf(started)) {
      const { ensemble } = started[side]!;
      const trouble = [
        ...(await deathsSince(ensemble, deathsSeen.get(ensemble) ?? 0)),
        ...pausedMembers(ensemble),
      ];
      deathsSeen.set(ensemble, ensemble.deaths.length);
      if (trouble.length > 0) await mendEnsemble(ensemble, MEND_MAX_MS);
      found.push(...trouble.map(each => `${names[side]}, ${each}`));
    }
    return found;
  };
}
