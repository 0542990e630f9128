/** The registry of experiments, in the order in which they run. */
import type { Claim } from '../../bench/claims/claim.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { clients } from './clients.ts';
import { crowds } from './crowds.ts';
import type { Experiment } from './experiment.ts';
import { fairness } from './fairness.ts';
import { hundreds } from './hundreds.ts';
import { outages } from './outages.ts';
import { proposals } from './proposals.ts';
import { rivals } from './rivals.ts';
import { roles } from './roles.ts';
import { sessions } from './sessions.ts';
import { storms } from './storms.ts';
import { streams } from './streams.ts';
import type { Suite } from './suite.ts';
import { syncs } from './syncs.ts';
import { writes } from './writes.ts';

/**
 * Writes come before syncs and outages, because they need warm servers and kills would make them cold.
 * Experiments that fill the tree come last.
 */
export const EXPERIMENTS: readonly Experiment[] = [
  roles,
  clients,
  sessions,
  crowds,
  storms,
  streams,
  proposals,
  writes,
  syncs,
  rivals,
  hundreds,
  outages,
  fairness,
];

/** The claims whose every need this suite measures. Without `--only`, a run is about these. */
export function measuredBy(suite: Suite, claims: readonly Claim[]): Claim[] {
  const provided = new Set(EXPERIMENTS.flatMap(experiment => experiment.provides(suite)));
  return claims.filter(({ needs }) => needs.every(need => provided.has(need)));
}

/**
 * Everything that these claims need and that the suite asks for itself. @throws UsageError naming what no
 * experiment provides
 */
export function needsOf(claims: readonly Claim[], suite: Suite): ReadonlySet<string> {
  const provided = new Set(EXPERIMENTS.flatMap(experiment => experiment.provides(suite)));
  for (const { id, needs } of claims) {
    const missing = needs.find(need => !provided.has(need));
    if (missing !== undefined)
      throw new UsageError(
        `claim ${id} needs "${missing}", which no experiment of suite ${suite.name} measures; measured are ${[...provided].join(', ')}`,
      );
  }
  const asked = EXPERIMENTS.flatMap(experiment => experiment.asked?.(suite) ?? []);
  return new Set([...claims.flatMap(({ needs }) => needs), ...asked]);
}
