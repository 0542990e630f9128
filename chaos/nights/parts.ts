/** The parts of a night. Each runs what a command of its own runs, and says what it found. */
import { join } from 'node:path';
import type { Views } from '../../bench/present.ts';
import { recordRun } from '../../bench/recorded-run.ts';
import { shellWord } from '../../bench/shell-word.ts';
import type { Terminal } from '../../bench/terminal.ts';
import { type CampaignResult, campaignResultSchema } from '../../results/campaign.ts';
import type { Found, Night, NightPart } from '../../results/night.ts';
import type { Claim, Result } from '../../results/schema.ts';
import {
  countStandings,
  EXIT_CODES,
  type ExitCode,
  standingOf,
  WORST_FIRST,
} from '../../results/verdicts.ts';
import { applicationsText } from '../campaigns/application-gaps.ts';
import { chaos } from '../campaigns/chaos-command.ts';
import { claims } from '../experiments/claims-command.ts';
import { runSeeds } from '../simulation/seeds/run.ts';
import { seedWorkers } from '../simulation/seeds/seed-workers.ts';
import { keyOf } from './keys.ts';

export interface PartRun {
  readonly part: NightPart;
  readonly found: readonly Found[];
  /** Keys of failures of which it cannot say whether they are there. */
  readonly undecided?: readonly string[];
  readonly sim?: Night['sim'];
}

export interface PartContext {
  readonly terminal: Terminal;
  readonly views: Views;
  readonly runsRoot: string;
  readonly signal: AbortSignal;
}

const REASONS_MAX = 5;

/** Chaos whose runs are drawn anew each night. */
export async function chaosPart(schedule: string, forMs: number, context: PartContext): Promise<PartRun> {
  const { runsRoot, views, signal } = context;
  const captured = capturing(context.terminal);
  const started = performance.now();
  const code = await chaos(captured, views, schedule, { for: forMs, json: true, signal, runsRoot });
  const result = campaignResultSchema.parse(captured.document);
  return {
    part: {
      ...{ part: 'chaos', outcome: outcomeOf(code), seconds: since(started), text: chaosText(result) },
      folder: join(runsRoot, 'chaos', result.id),
    },
    found: chaosFound(result),
  };
}

function chaosText({ name, seed, runs, skipped = [], endedEarly }: CampaignResult): string {
  const of = (wanted: string) => runs.filter(({ outcome }) => outcome === wanted).length;
  const kinds = new Set(runs.flatMap(({ bitten }) => bitten)).size;
  const topologies = new Set(runs.map(({ topology }) => topology)).size;
  const without =
    skipped.length === 0 ? '' : `; without ${skipped.map(({ what }) => what).join(', ')}: ${skipped[0]?.why}`;
  const applications = applicationsText(runs);
  const seen = applications === undefined ? '' : `; ${applications}`;
  const early = endedEarly === undefined ? '' : `; ended early: ${endedEarly}`;
  return `${name} with seed ${seed}: ${counted(runs.length, 'run')} on ${counted(topologies, 'topology', 'topologies')}, ${of('passed')} passed, ${of('failed')} failed, ${of('void')} void; ${counted(kinds, 'kind')} of fault bit${seen}${without}${early}`;
}

/** Failures with the same checkers are one finding: that of the smallest plan. */
function chaosFound({ failures }: CampaignResult): Found[] {
  const bySignature = new Map<string, Found>();
  for (const { checkers, reasons, command, isConfirmed, again, shrunk } of failures) {
    const key = `chaos: ${[...checkers].sort().join(', ')}`;
    const { tries: of, failed } = shrunk ?? again;
    const found: Found = {
      ...{ part: 'chaos', key, reasons: reasons.slice(0, REASONS_MAX), command, isConfirmed },
      ...(of > 0 && { seen: { failed, of } }),
    };
    if (bySignature.get(key)?.isConfirmed !== true) bySignature.set(key, found);
  }
  return [...bySignature.values()];
}

export async function claimsPart(suite: string, context: PartContext): Promise<PartRun> {
  const { runsRoot, views, signal } = context;
  const captured = capturing(context.terminal);
  const started = performance.now();
  const code = await claims(captured, views, { suite, server: 'zklab', json: true, signal, runsRoot });
  const result = captured.document as Result | undefined;
  if (result === undefined) return { part: interrupted('claims', since(started)), found: [] };
  return {
    part: {
      ...{ part: 'claims', outcome: outcomeOf(code), seconds: since(started) },
      text: claimsText(suite, result),
      folder: join(runsRoot, result.run.id),
    },
    undecided: result.claims.filter(({ verdict }) => !DECIDED.includes(verdict)).map(keyOfClaim),
    found: result.claims
      .filter(({ verdict }) => verdict === 'fails')
      .map(claim => ({
        ...{ part: 'claims', key: keyOfClaim(claim), reasons: [claim.reason] },
        ...{ command: `zklab claims --suite ${suite} --only ${claim.id}`, isConfirmed: true },
        ...(standingOf(claim) === 'known failure' && { known: claim.known }),
      })),
  };
}

const DECIDED: readonly Claim['verdict'][] = ['holds', 'fails'];

function keyOfClaim({ id, title }: Claim): string {
  return `claims: ${id} ${title}`;
}

/** How many hold and fail, and why it is void if it is. */
export function claimsText(
  suite: string,
  { claims, validity }: Pick<Result, 'claims' | 'validity' | 'judgements'>,
): string {
  const standings = countStandings(claims);
  const counts = WORST_FIRST.toReversed()
    .filter(standing => standings[standing] > 0)
    .map(standing => `${standings[standing]} ${standing}`);
  const [why] = [...validity.reasons, ...(validity.unmeasured ?? [])];
  return `${suite}: ${counted(claims.length, 'claim')}: ${counts.join(', ')}${why === undefined ? '' : `; ${why}`}`;
}

/** Seeds until the time is over: those that failed in the night before, and then new ones. */
export async function simPart(last: Night['sim'], forMs: number, context: PartContext): Promise<PartRun> {
  const { signal, terminal, runsRoot } = context;
  const started = performance.now();
  const folder = join(runsRoot, 'sim');
  let next = last?.next ?? 1;
  function* seeds(): Generator<number> {
    yield* last?.failed ?? [];
    while (performance.now() - started < forMs) yield next++;
  }
  let done = 0;
  const summary = await recordRun(
    terminal,
    { name: 'sim', json: true, root: folder, eventsAlone: true },
    run => {
      run.plan({ suite: 'sim', seed: next, claims: [], topologies: [] });
      return runSeeds({
        seeds: seeds(),
        places: seedWorkers({ shape: 'drawn', minimise: true, traceDirectory: folder }),
        signal,
        onProgress: ({ seed, verdict, reasons }) => {
          done += 1;
          if (verdict === 'failed') terminal.progress(`seed ${seed} failed: ${reasons[0]}`);
        },
      });
    },
  );
  const failed = summary.failed.map(({ seed }) => seed);
  const outcome = failed.length > 0 ? 'failed' : summary.passed > 0 ? 'passed' : 'void';
  const counts = `${summary.passed} passed, ${failed.length} failed, ${summary.unknown.length} unknown`;
  return {
    part: {
      ...{ part: 'sim', outcome, seconds: since(started), folder },
      text: `${counted(done, 'seed')} up to ${next - 1}: ${counts}; ${summary.faultsInjected} faults, ${summary.acknowledgedWrites} writes`,
    },
    found: summary.failed.map(({ seed, reason, planFile }) => ({
      ...{ part: 'sim', key: `sim: ${keyOf(reason)}`, reasons: [`seed ${seed}: ${reason}`] },
      // A seed takes the same steps whenever it is run.
      ...{ command: `zklab sim --replay ${shellWord(planFile)} --debug`, isConfirmed: true },
    })),
    sim: { next, failed },
  };
}

export function interrupted(part: NightPart['part'], seconds: number): NightPart {
  return { part, outcome: 'void', seconds, text: 'interrupted' };
}

/** An error that ends a part does not end the night: the part is void, and says why. */
export async function survived(name: NightPart['part'], run: () => Promise<PartRun>): Promise<PartRun> {
  const started = performance.now();
  try {
    return await run();
  } catch (error) {
    const [text = 'it failed'] = (error as Error).message.split('\n');
    return { part: { part: name, outcome: 'void', seconds: since(started), text }, found: [] };
  }
}

function outcomeOf(code: ExitCode): NightPart['outcome'] {
  return code === EXIT_CODES.holds ? 'passed' : code === EXIT_CODES.failed ? 'failed' : 'void';
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function since(startedMs: number): number {
  return Math.round((performance.now() - startedMs) / 100) / 10;
}

interface Capturing extends Terminal {
  readonly document: unknown;
}

/** Keeps the document that a command prints, and passes progress on. */
function capturing(terminal: Terminal): Capturing {
  let document: unknown;
  return {
    ...terminal,
    print: text => terminal.progress(text),
    json: printed => {
      document = printed;
    },
    get document() {
      return document;
    },
  };
}
