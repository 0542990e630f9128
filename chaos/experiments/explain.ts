/** What a suite of claims will do, with every default: for `--explain`, which starts nothing. */
import { stringify } from 'yaml';
import type { Claim } from '../../bench/claims/claim.ts';
import { aboutText, BEGIN_MS, ensembleMs, loadMs } from '../../bench/rounds/expected-time.ts';
import { checkedSettings } from '../../bench/topology/topology.ts';
import { effectiveSettings } from '../../bench/topology/zoo-cfg.ts';
import { EXPERIMENTS, needsOf } from './index.ts';
import { type ServerKind, topologiesOf } from './lab.ts';
import type { Suite } from './suite.ts';
import { topologyRows } from './topology-rows.ts';

export interface ExplainOptions {
  readonly suite: Suite;
  readonly claims: readonly Claim[];
  readonly server: ServerKind;
}

/** The document of `--explain --json`. The terminal prints the same as YAML. @throws UsageError */
export function explained(options: ExplainOptions): object {
  const { suite, claims, server } = options;
  const { name, reference, folder: _, origin: __, include: ___, ...keys } = suite;
  const needs = needsOf(claims, suite);
  return {
    suite: name,
    ...(reference !== name && { file: reference }),
    server,
    ...keys,
    plan: {
      expectedSeconds: Math.round(expectedMs(options) / 1000),
      claims: claims.map(({ id }) => id),
      memberSettings: effectiveSettings(checkedSettings(suite.settings, suite.origin)),
      experiments: neededBy(suite, needs).map(each => ({
        name: each.name,
        expectedSeconds: Math.round(experimentMs(each, suite, server, needs) / 1000),
        measures: each.provides(suite).filter(need => needs.has(need)),
      })),
      topologies: topologyRows({ suite, server, needs }).map(row => ({
        name: row.name,
        members: row.shortForm,
        links: row.links,
        ...(row.experiment !== undefined && { startedBy: row.experiment }),
        ...(row.budgetCores !== undefined && { budgetCores: row.budgetCores }),
      })),
    },
  };
}

/** @throws UsageError */
export function explainText(options: ExplainOptions): string {
  const { suite, claims } = options;
  const head = [
    `${suite.name}: ${suite.description}`,
    `${claims.length} claims, ${aboutText(expectedMs(options))}. Nothing was started.`,
  ];
  return `${head.map(line => `# ${line}\n`).join('')}${stringify(explained(options), { lineWidth: 110 })}`;
}

/** What is measured, and the starts and warm-ups before it. */
export function expectedMs({ suite, claims, server }: ExplainOptions): number {
  const needs = needsOf(claims, suite);
  const topologies = topologiesOf(suite, server);
  const needed = neededBy(suite, needs);
  const { warmupMs, saturatedMs, warmupLoads } = suite.load;
  const isShared = needed.some(each => each.ownTopologies === undefined);
  const started = [...topologies, ...(suite.proxyTax ? topologies.slice(0, 1) : [])];
  const shared = started.reduce(
    (sum, each) => sum + ensembleMs(each) + warmupLoads * loadMs(warmupMs, saturatedMs),
    0,
  );
  const measured = needed.reduce((sum, each) => sum + experimentMs(each, suite, server, needs), 0);
  const all = BEGIN_MS + (isShared ? shared : 0) + measured;
  return Math.min(all, suite.budgetMs ?? Number.POSITIVE_INFINITY);
}

function experimentMs(
  each: (typeof EXPERIMENTS)[number],
  suite: Suite,
  server: ServerKind,
  needs: ReadonlySet<string>,
): number {
  const own = topologiesOf(suite, server, each.ownTopologies?.(suite).texts ?? {});
  return each.expectedMs?.(suite, { topologies: topologiesOf(suite, server), own, needs }) ?? 0;
}

function neededBy(suite: Suite, needs: ReadonlySet<string>) {
  return EXPERIMENTS.filter(each => each.provides(suite).some(need => needs.has(need)));
}
