/** `zklab night`: claims, chaos and the simulation within a time, one summary, and what is news in it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checked } from '../../bench/checked.ts';
import { durationText } from '../../bench/duration.ts';
import { gitState } from '../../bench/measure/environment.ts';
import type { Views } from '../../bench/present.ts';
import { readDocument } from '../../bench/read-yaml.ts';
import { type RecordedRun, recordRun, unlessUnstored } from '../../bench/recorded-run.ts';
import type { Terminal } from '../../bench/terminal.ts';
import { UsageError } from '../../bench/usage-error.ts';
import {
  comparedWith,
  earlierFindings,
  type KnownFailure,
  NIGHT_FILE,
  NIGHT_PARTS,
  NIGHT_VERSION,
  type Night,
  nightCode,
  nightSchema,
} from '../../results/night.ts';
import { RUNS_ROOT } from '../../results/runs-root.ts';
import type { ExitCode } from '../../results/verdicts.ts';
import { keepCampaigns } from '../campaigns/keep-within.ts';
import type { ResourceSample } from '../checkers/run-record.ts';
import { readSuite } from '../experiments/suites.ts';
import { LAB_NAME, labToWatch, ResourceWatch } from '../resource-watch.ts';
import { isCampaign, readSchedule } from '../schedules/index.ts';
import { labPart } from './lab-part.ts';
import {
  chaosPart,
  claimsPart,
  interrupted,
  type PartContext,
  type PartRun,
  simPart,
  survived,
} from './parts.ts';
import { CLAIMS_FROM_MS, chaosMsOf, hasTimeForClaims } from './shares.ts';

/** Renders a night. It is passed in, because this folder may not import dashboards/. */
export interface NightViews {
  chat(night: Night): string;
  markdown(night: Night): string;
  junit(night: Night): string;
}

export interface NightOptions {
  readonly for: number;
  /** A campaign. */
  readonly schedule: string;
  readonly suite: string;
  /** Parts to run, comma-separated. */
  readonly only?: string;
  /** A YAML file of known failures. */
  readonly known?: string;
  readonly json?: boolean;
  readonly signal: AbortSignal;
  /** @default RUNS_ROOT */
  readonly runsRoot?: string;
}

/** A part that none of so many nights has run has no earlier failures. */
const NIGHTS_READ_MAX = 30;
const NIGHTS_KEPT = { maxAgeMs: 365 * 86_400_000, maxBytes: 2 ** 30 };

const knownSchema = z.strictObject({
  failures: z.array(z.strictObject({ key: z.string().min(1), reason: z.string().min(1) })),
});

/** @throws UsageError, before anything is started */
export async function night(
  terminal: Terminal,
  views: Views,
  nightViews: NightViews,
  options: NightOptions,
): Promise<ExitCode> {
  const { json = false, runsRoot = RUNS_ROOT } = options;
  const only = partsOf(options.only);
  const known = knownFailures(options.known);
  if (!isCampaign(readSchedule(options.schedule)))
    throw new UsageError(
      `--schedule ${options.schedule}: this is one run; accepted is a schedule with the key draw, such as nightly`,
    );
  readSuite(options.suite);
  const root = join(runsRoot, 'night');
  let unstored: string | undefined;
  const code = await recordRun(terminal, { name: 'night', json, root, eventsAlone: true }, async run => {
    const nights = [...earlierNights(root, run.id)];
    const [last] = nights;
    run.plan({ suite: 'night', seed: last?.sim?.next ?? 1, claims: [], topologies: [] });
    const context = { terminal, views, runsRoot, signal: options.signal };
    const ran = await runParts(run, last, only, options, context);
    const night = await judged(run, ran, { nights, known, options });
    const problem = write(run, night, nightViews);
    if (problem !== undefined)
      terminal.error(`zklab: the summary could not be stored, so it is only printed: ${problem}`);
    unstored = run.eventsProblem() ?? problem;
    keepCampaigns(root, NIGHTS_KEPT, run.path);
    if (json) terminal.json(night);
    else
      terminal.print(
        `${nightViews.markdown(night)}\nfiles: ${run.path}/{night.json,night.md,junit.xml,chat.txt}`,
      );
    return night.exitCode as ExitCode;
  });
  return unlessUnstored(terminal, unstored, code);
}

async function runParts(
  run: RecordedRun,
  last: Night | undefined,
  only: readonly string[],
  { for: forMs, schedule, suite, only: asked, signal }: NightOptions,
  context: PartContext,
): Promise<PartRun[]> {
  const startedMs = performance.now();
  const leftMs = () => forMs - (performance.now() - startedMs);
  const ran: PartRun[] = [];
  const readings: ResourceSample[] = [];
  const part = async (name: (typeof NIGHT_PARTS)[number], body: () => Promise<PartRun>) => {
    if (signal.aborted) return void ran.push({ part: interrupted(name, 0), found: [] });
    run.events.emit({ kind: 'phase', what: name });
    const watch = new ResourceWatch([{ ...labToWatch(), name: `${LAB_NAME} in ${name}` }]);
    const done = await survived(name, body);
    watch.stop();
    readings.push(...watch.samples);
    run.events.emit({ kind: 'note', text: `${name} ${done.part.outcome}: ${done.part.text}` });
    ran.push(done);
  };
  const skip = (name: (typeof NIGHT_PARTS)[number], text: string) =>
    ran.push({ part: { part: name, outcome: 'skipped', seconds: 0, text }, found: [] });
  if (only.includes('claims')) {
    if (hasTimeForClaims(forMs, asked !== undefined)) await part('claims', () => claimsPart(suite, context));
    else skip('claims', `a night of less than ${durationText(CLAIMS_FROM_MS)} has no time for them`);
  }
  if (only.includes('chaos')) {
    const chaosMs = chaosMsOf(leftMs(), !only.includes('sim'));
    if (chaosMs === undefined) skip('chaos', 'the claims have left no time');
    else await part('chaos', () => chaosPart(schedule, chaosMs, context));
  }
  if (only.includes('sim')) await part('sim', () => simPart(last?.sim, leftMs(), context));
  return [...ran, labPart(readings)];
}

async function judged(
  run: RecordedRun,
  ran: readonly PartRun[],
  {
    nights,
    known,
    options,
  }: {
    readonly nights: readonly Night[];
    readonly known: readonly KnownFailure[];
    readonly options: NightOptions;
  },
): Promise<Night> {
  const [last] = nights;
  const parts = ran.map(({ part }) => part);
  const startedAt = run.startedAt.toISOString();
  const compared = comparedWith(oncePerKey(ran.flatMap(({ found }) => found)), parts, {
    earlier: earlierFindings(nights),
    undecided: ran.flatMap(({ undecided = [] }) => undecided),
    known,
    startedAt,
  });
  const sim = ran.find(each => each.sim !== undefined)?.sim ?? last?.sim;
  const commit = (await gitState())?.commit;
  const night = {
    nightVersion: NIGHT_VERSION,
    id: run.id,
    startedAt,
    endedAt: new Date().toISOString(),
    ...(commit !== undefined && { commit }),
    budgetSeconds: options.for / 1_000,
    parts,
    ...compared,
    ...(last !== undefined && { last: last.id }),
    ...(sim !== undefined && { sim }),
    ...(options.signal.aborted && { interrupted: true }),
  } as const;
  return { ...night, exitCode: nightCode(night) };
}

/** Several seeds may fail for one reason: the first stands for all, with their reasons. */
function oncePerKey<T extends { readonly key: string; readonly reasons: string[] }>(
  found: readonly T[],
): T[] {
  const byKey = new Map<string, T>();
  for (const each of found) {
    const first = byKey.get(each.key);
    byKey.set(
      each.key,
      first === undefined ? each : { ...first, reasons: [...first.reasons, ...each.reasons] },
    );
  }
  return [...byKey.values()];
}

/** Why a file could not be written; undefined when all were. What a night found is printed all the same. */
function write(run: RecordedRun, night: Night, views: NightViews): string | undefined {
  const files = {
    [NIGHT_FILE]: `${JSON.stringify(night, null, 1)}\n`,
    'night.md': views.markdown(night),
    'junit.xml': views.junit(night),
    'chat.txt': `${views.chat(night)}\n`,
  };
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(run.path, name), text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Newest first. One that did not end, or was written by another version, is passed over. */
function* earlierNights(root: string, present: string): Generator<Night> {
  const ids = readdirSync(root)
    .filter(id => id < present)
    .sort()
    .reverse()
    .slice(0, NIGHTS_READ_MAX);
  for (const id of ids) {
    try {
      yield nightSchema.parse(JSON.parse(readFileSync(join(root, id, NIGHT_FILE), 'utf8')));
    } catch {
      // It was killed before its end.
    }
  }
}

function partsOf(only: string | undefined): readonly string[] {
  if (only === undefined) return NIGHT_PARTS;
  const parts = only.split(',');
  const unknown = parts.find(each => !NIGHT_PARTS.some(part => part === each));
  if (unknown !== undefined)
    throw new UsageError(`--only ${only}: unknown ${unknown}; accepted are ${NIGHT_PARTS.join(', ')}`);
  return parts;
}

function knownFailures(file: string | undefined): readonly KnownFailure[] {
  if (file === undefined) return [];
  const { value, origin } = readDocument(file, 'file of known failures');
  return checked(knownSchema, value, origin).failures;
}
