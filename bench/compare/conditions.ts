/**
 * What differs between two sides besides what is compared, and whether it matters. What changes the question
 * (another load, setting or topology) makes everything incomparable; what changes the machine makes times
 * incomparable, but neither counts nor the verdicts of claims, which are judged within their runs.
 */
import { whyBusy } from '../../results/busy-machine.ts';
import type { Condition, Matters } from '../../results/comparison.ts';
import { formatNumber } from '../../results/number-text.ts';
import type { Topology } from '../../results/schema.ts';
import type { ComparedRun } from './compared-run.ts';
import { inputsOf, isRepetition, isTopologyKey, topologyForm, topologyMeans } from './run-inputs.ts';
import { machineOf, type Side, unique } from './side.ts';

/** How many keys of the inputs are named. Two different suites differ in dozens. */
const KEYS_NAMED_MAX = 8;
/** Probes of the machine that differ by less are not named; by more than the second, times do not compare. */
const PROBE_FACTOR_NAMED = 1.25;
const PROBE_FACTOR_MAX = 2;

/** Those that matter first. */
export function conditionsOf(a: Side, b: Side): Condition[] {
  const found = [
    ...plainDifferences(a, b),
    ...topologyDifferences(a, b),
    ...inputDifferences(a, b),
    ...probeDifferences(a, b),
    ...busySides(a, b),
  ];
  return (['all', 'times', 'no'] as const).flatMap(matters =>
    found.filter(condition => condition.matters === matters),
  );
}

export function withheldBy(conditions: readonly Condition[]): 'nothing' | 'times' | 'all' {
  const has = (matters: Matters) => conditions.some(condition => condition.matters === matters);
  return has('all') ? 'all' : has('times') ? 'times' : 'nothing';
}

const PLAIN: readonly (readonly [what: string, of: (run: ComparedRun) => string, matters: Matters])[] = [
  ['server', ({ environment: { server } }) => server.implementation, 'no'],
  ['commit', ({ environment: { git } }) => git.commit.slice(0, 9) + (git.dirty ? ' and changes' : ''), 'no'],
  ['suite', ({ run }) => run.suite, 'no'],
  ['Toxiproxy', ({ environment: { toxiproxy } }) => toxiproxy.kind, 'times'],
  ['machine', ({ environment }) => environment.machine, 'times'],
  ['CPU', ({ environment: { cpu } }) => cpu, 'times'],
  ['cores', ({ environment: { cores } }) => String(cores), 'times'],
  ['nice value', ({ machineUse }) => String(machineUse?.niceValue ?? 'unknown'), 'no'],
  ['kernel', ({ environment: { kernel } }) => kernel, 'no'],
  ['Node.js', ({ environment: { node } }) => node, 'no'],
];

function plainDifferences(a: Side, b: Side): Condition[] {
  return PLAIN.flatMap(([what, of, matters]) =>
    differing(what, unique(a.runs.map(of)), unique(b.runs.map(of)), matters),
  );
}

function topologyDifferences(a: Side, b: Side): Condition[] {
  const [namedA, namedB] = [a, b].map(({ runs }) => runs.flatMap(({ topologies }) => topologies));
  const names = [...new Set(namedA!.map(({ name }) => name))];
  return names.flatMap(name => {
    const [ofA, ofB] = [namedA!, namedB!].map(all => all.filter(topology => topology.name === name));
    if (ofB!.length === 0) return [];
    const said = (say: (topology: Topology) => string, what: string, matters: Matters) =>
      differing(what, unique(ofA!.map(say)), unique(ofB!.map(say)), matters);
    return [
      ...said(topologyForm, `topology ${name}`, 'all'),
      ...said(topologyMeans, `links and CPU of ${name}`, 'times'),
    ];
  });
}

function inputDifferences(a: Side, b: Side): Condition[] {
  if ([...a.runs, ...b.runs].some(({ inputs }) => inputs === undefined)) {
    // Then only its name tells what a run did.
    const [suiteA, suiteB] = [a, b].map(({ runs }) => unique(runs.map(({ run }) => run.suite)));
    return differing('suite, of runs that did not store their inputs', suiteA!, suiteB!, 'all');
  }
  const [inputsA, inputsB] = [a, b].map(({ runs }) => runs.map(inputsOf)) as [
    Map<string, string>[],
    Map<string, string>[],
  ];
  const keys = [...new Set([...inputsA, ...inputsB].flatMap(inputs => [...inputs.keys()]))];
  const of = (inputs: readonly Map<string, string>[], key: string) =>
    unique(inputs.map(each => each.get(key) ?? 'none'));
  const found = keys.flatMap(key => {
    const [first, second] = [of(inputsA, key), of(inputsB, key)];
    // A topology that both have is compared by its form.
    if (isTopologyKey(key) && first !== 'none' && second !== 'none') return [];
    return differing(key, first, second, mattersOf(key));
  });
  const named = found.filter(({ matters }) => matters !== 'no').slice(0, KEYS_NAMED_MAX);
  const more = found.filter(({ matters }) => matters !== 'no').length - named.length;
  return [
    ...found.filter(({ matters }) => matters === 'no'),
    ...named,
    ...(more > 0 ? [{ what: `${more} more inputs`, a: '', b: '', matters: 'all' as const }] : []),
  ];
}

function mattersOf(key: string): Matters {
  if (isRepetition(key)) return 'no';
  return isTopologyKey(key) ? 'times' : 'all';
}

function probeDifferences(a: Side, b: Side): Condition[] {
  const probes = [
    ['disk sync', ({ environment }: ComparedRun) => environment.diskSyncMedianUs],
    ['loopback round trip', ({ environment }: ComparedRun) => environment.loopbackRttUs],
  ] as const;
  return probes.flatMap(([what, of]) => {
    const [first, second] = [a, b].map(({ runs }) => middleOf(runs.flatMap(run => of(run) ?? [])));
    if (first === undefined || second === undefined || first <= 0 || second <= 0) return [];
    const factor = Math.max(first / second, second / first);
    if (factor < PROBE_FACTOR_NAMED) return [];
    const [shownA, shownB] = [first, second].map(value => `${formatNumber(value)} µs`);
    return [{ what, a: shownA!, b: shownB!, matters: factor > PROBE_FACTOR_MAX ? 'times' : 'no' }];
  });
}

function middleOf(values: readonly number[]): number | undefined {
  return [...values].sort((x, y) => x - y)[values.length >> 1];
}

/** Of a side with several runs, busy ones are left out already. */
function busySides(a: Side, b: Side): Condition[] {
  const [busyA, busyB] = [a, b].map(({ runs }) => runs.filter(run => whyBusy(run) !== undefined));
  if (busyA!.length + busyB!.length === 0) return [];
  const said = (busy: readonly ComparedRun[]) => (busy.length === 0 ? 'no' : `yes (${machineOf(busy)})`);
  return [{ what: 'busy machine', a: said(busyA!), b: said(busyB!), matters: 'times' }];
}

function differing(what: string, a: string, b: string, matters: Matters): Condition[] {
  return a === b ? [] : [{ what, a, b, matters }];
}
