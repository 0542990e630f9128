/**
 * The registry of suites: the YAML files of bench/suites/, read with the common keys and those of every
 * experiment.
 */
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { checked } from '../../bench/checked.ts';
import { NamedYaml } from '../../bench/named-yaml.ts';
import { parseYaml } from '../../bench/read-yaml.ts';
import { readTopology } from '../../bench/topology/read-topology.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { EXPERIMENTS } from './index.ts';
import { type Suite, suiteKeys } from './suite.ts';

/** dist/chaos/experiments -> bench/suites of the project. */
const FILES = new NamedYaml('suite', join(import.meta.dirname, '../../../bench/suites'));

export function suiteNames(): string[] {
  return FILES.names();
}

/** @param reference the name of a suite of the project, or the path of a YAML file. @throws UsageError */
export function readSuite(reference: string): Suite {
  const { name, origin, document } = FILES.read(reference);
  return suiteOf(document, name, origin);
}

/** @param origin names the text in errors. @throws UsageError naming key, value and what is accepted */
export function parseSuite(text: string, name: string, origin: string): Suite {
  return suiteOf(parseYaml(text, origin), name, origin);
}

/** The suite with another number of rounds in every experiment. */
export function withRounds(suite: Suite, rounds: number): Suite {
  const own = EXPERIMENTS.map(experiment => experiment.withRounds?.(suite, rounds));
  return Object.assign({}, suite, { rounds, roundsMin: rounds }, ...own);
}

function suiteOf(document: unknown, name: string, origin: string): Suite {
  const keys: z.ZodRawShape = Object.assign({}, suiteKeys, ...EXPERIMENTS.map(each => each.keys));
  const suite = {
    name,
    folder: dirname(origin),
    ...checked(z.strictObject(keys), document, origin),
  } as Suite;
  const { rounds, roundsMin } = suite;
  if (roundsMin > rounds)
    throw new UsageError(
      `${origin}: roundsMin: ${roundsMin}; accepted is at most rounds, which is ${rounds}`,
    );
  for (const experiment of EXPERIMENTS) experiment.check?.(suite, origin);
  checkTopologies(suite, origin);
  return suite;
}

/** Of those that no claim needs in this run, too: a suite is right as a whole. */
function checkTopologies(suite: Suite, origin: string): void {
  const named = [
    suite.topologies,
    ...EXPERIMENTS.map(each => each.ownTopologies?.(suite).texts ?? {}),
  ].flatMap(texts => Object.entries(texts));
  const names = named.map(([name]) => name);
  const twice = names.find((each, index) => names.indexOf(each) < index);
  if (twice !== undefined)
    throw new UsageError(`${origin}: two topologies are named ${twice}; accepted is one of each name`);
  for (const [name, text] of named) readTopology(text, `suite ${suite.name}, topology ${name}`, suite.folder);
}
