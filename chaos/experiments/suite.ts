/** A suite of claims: which topologies, how many rounds, how long each phase. Files: bench/suites/*.yaml. */
import { join } from 'node:path';
import { z } from 'zod';
import { checked } from '../../bench/checked.ts';
import { parseYaml, readYaml } from '../../bench/read-yaml.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { readFault } from '../faults/index.ts';

const ms = z.int().min(0).max(3_600_000);
const count = z.int().min(1).max(100_000);

const shape = z.strictObject({
  /** Interleaved: every topology once, then every topology again. */
  rounds: z.int().min(1).max(1_000),
  /** No new round is begun that would end after this, once `roundsMin` are done. */
  budgetMs: ms.optional(),
  roundsMin: count.default(1),
  /** As `zklab up` takes them, by the name reports show. The plainest first. */
  topologies: z.record(
    z.string().regex(/^[\w-]+$/, { error: 'a name of letters, digits, - and _' }),
    z.string(),
  ),
  /** Writes of the first topology on links without proxies too: what the proxies themselves cost. */
  proxyTax: z.boolean().default(false),
  /** zoo.cfg keys of every member. */
  settings: z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()], { error: 'a text, a number, true or false' }),
    )
    .default({}),
  load: z.strictObject({
    valueBytes: count,
    keyCount: count,
    sessionsPerTarget: count,
    /** Requests in flight per session of the closed loop. */
    depth: count,
    /** Open loop, requests per second at each target; two writes for one read. */
    ratePerTarget: count,
    warmupMs: ms,
    saturatedMs: ms,
    pacedMs: ms,
    /** Loads per topology before anything counts: servers get faster as their code gets warm. */
    warmupLoads: z.int().min(0).max(20),
  }),
  observerLatency: z.strictObject({ ms: count, jitterMs: ms }),
  /** Kill the leader, see everybody come back: so many times per topology. */
  sync: z.strictObject({ rounds: z.int().min(0).max(1_000), everyMs: count }),
  /** Reads of every member through an outage: so many times per topology. */
  availability: z.strictObject({
    rounds: z.int().min(0).max(1_000),
    everyMs: count,
    beforeMs: ms,
    leaderCutMs: ms,
    quorumLostMs: ms,
    afterMs: ms,
    /** Of the voters together, open loop, through the outage. */
    writesPerSecond: count,
  }),
  /** Reads of a quiet client alone and beside greedy neighbours, at the leader of the first topology. */
  fairness: z.strictObject({
    rounds: z.int().min(0).max(1_000),
    readsPerSecond: count,
    warmupMs: ms,
    durationMs: count,
    /** Children of the node that neighbours list and count. */
    children: count,
  }),
  /**
   * Conditions of writes beside the built-in ones: a fault with its options, and the topologies that it
   * concerns, all unless they are named. Measured whenever there are some; claims may need them by their
   * name.
   */
  conditions: z
    .record(
      z.string(),
      z.looseObject({ fault: z.string(), topologies: z.array(z.string()).min(1).optional() }),
    )
    .default({}),
  /** After a heal: all members back, and a write committed, within this. */
  recoverMaxMs: ms,
});

export type Suite = z.infer<typeof shape> & { readonly name: string };

/** dist/chaos/experiments -> bench/suites of the project. */
const SUITES_FOLDER = join(import.meta.dirname, '../../../bench/suites');
export const SUITE_NAMES = ['quick', 'full'] as const;

/** @param reference `quick`, `full`, or the path of a YAML file. @throws UsageError */
export function readSuite(reference: string): Suite {
  const isName = (SUITE_NAMES as readonly string[]).includes(reference);
  if (!isName && !/\.ya?ml$/.test(reference))
    throw new UsageError(`suite "${reference}": accepted are ${SUITE_NAMES.join(', ')}, or a .yaml file`);
  const file = isName ? join(SUITES_FOLDER, `${reference}.yaml`) : reference;
  const name = reference.replace(/^.*[/\\]/, '').replace(/\.ya?ml$/, '');
  return suiteOf(readYaml(file, 'suite file'), name, file);
}

/** @param origin names the text in errors. @throws UsageError naming key, value and what is accepted */
export function parseSuite(text: string, name: string, origin: string): Suite {
  return suiteOf(parseYaml(text, origin), name, origin);
}

function suiteOf(document: unknown, name: string, origin: string): Suite {
  const suite = { name, ...checked(shape, document, origin) };
  if (Object.keys(suite.topologies).length === 0)
    throw new UsageError(`${origin}: topologies: at least one is needed`);
  if (suite.roundsMin > suite.rounds)
    throw new UsageError(
      `${origin}: roundsMin: ${suite.roundsMin}; accepted is up to rounds, ${suite.rounds}`,
    );
  if (suite.observerLatency.jitterMs >= suite.observerLatency.ms)
    throw new UsageError(
      `${origin}: observerLatency.jitterMs: ${suite.observerLatency.jitterMs}; accepted is less than ms, ${suite.observerLatency.ms}`,
    );
  for (const [name, { topologies = [], ...written }] of Object.entries(suite.conditions)) {
    const at = `${origin}: conditions.${name}`;
    readFault(written, at);
    const unknown = topologies.find(topology => !Object.hasOwn(suite.topologies, topology));
    if (unknown !== undefined)
      throw new UsageError(
        `${at}.topologies: ${unknown}; accepted are ${Object.keys(suite.topologies).join(', ')}`,
      );
  }
  return suite;
}
