/**
 * The registry of suites that measure claims: YAML files of bench/suites/, read with the common keys and
 * those of every experiment.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { checked } from '../../bench/checked.ts';
import { isMatrix } from '../../bench/matrix/matrix-suite.ts';
import { type NamedDocument, NamedYaml } from '../../bench/named-yaml.ts';
import type { Origin } from '../../bench/origin.ts';
import { readText } from '../../bench/read-yaml.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { EXPERIMENTS } from './index.ts';
import { topologiesOf } from './lab.ts';
import { type Suite, suiteKeys } from './suite.ts';

/** dist/chaos/experiments -> bench/suites of the project. */
const FILES = new NamedYaml('suite', join(import.meta.dirname, '../../../bench/suites'));

/** Of the suites that measure claims; the others are matrices. */
export function suiteNames(): string[] {
  return FILES.names().filter(name => !isMatrix(FILES.read(name).document));
}

/** @param reference the name of a suite of the project, or the path of a YAML file. @throws UsageError */
export function readSuite(reference: string): Suite {
  return suiteOf(FILES.read(reference));
}

/** @param file names the text in errors. @throws UsageError naming line, key, value and what is accepted */
export function parseSuite(text: string, name: string, file: string): Suite {
  const { value: document, origin } = readText(text, file);
  return suiteOf({ name, reference: file, file, folder: '.', document, origin });
}

/** The suite with another number of rounds in every experiment. */
export function withRounds(suite: Suite, rounds: number): Suite {
  const own = EXPERIMENTS.map(experiment => experiment.withRounds?.(suite, rounds));
  return Object.assign({}, suite, { rounds, roundsMin: rounds }, ...own);
}

/** Built from the common keys and those of every experiment. */
export function claimsSuiteSchema(): z.ZodObject {
  const keys: z.ZodRawShape = Object.assign({}, suiteKeys, ...EXPERIMENTS.map(each => each.keys));
  return z.strictObject(keys);
}

function suiteOf({ name, reference, folder, document, origin }: NamedDocument): Suite {
  if (isMatrix(document))
    throw new UsageError(
      `${origin.place(['matrix'])}: this suite is a matrix; zklab bench ${reference} measures it`,
    );
  const read = checked(claimsSuiteSchema(), document, origin);
  const suite = { name, reference, folder, origin, ...read } as Suite;
  const { rounds, roundsMin } = suite;
  if (roundsMin > rounds)
    throw new UsageError(
      `${origin.at('roundsMin')}: ${roundsMin}; accepted is at most rounds, which is ${rounds}`,
    );
  for (const experiment of EXPERIMENTS) experiment.check?.(suite, origin);
  checkNames(suite, origin);
  topologiesOf(suite, 'zklab');
  for (const { name: key, ownTopologies } of EXPERIMENTS)
    topologiesOf(suite, 'zklab', ownTopologies?.(suite).texts ?? {}, [key, 'topologies']);
  return suite;
}

/** Topologies of a result have different names, whoever starts them. */
function checkNames(suite: Suite, origin: Origin): void {
  const names = [
    suite.topologies,
    ...EXPERIMENTS.map(each => each.ownTopologies?.(suite).texts ?? {}),
  ].flatMap(texts => Object.keys(texts));
  const twice = names.find((each, index) => names.indexOf(each) < index);
  if (twice !== undefined)
    throw new UsageError(
      `${origin.at('topologies', twice)}: two topologies are named ${twice}; accepted is one of each name`,
    );
}
