/** What a run was told to do, key by key: what makes two runs measure the same thing or another one. */
import type { Topology } from '../../results/schema.ts';
import type { ComparedRun } from './compared-run.ts';

/** Keys on which no cell depends: names, and what was judged. The server is a condition of its own. */
const IRRELEVANT = /^server$|(^|\.)(description|name|claims|seed|tags)(\.|$)/;
/** How long a run lasts and how often it repeats. They change what it can show, not what it measures. */
const REPETITIONS = /(^|\.)(rounds|roundsMin|starts|budgetMs)(\.|$)/;

/** `suite.load.valueBytes` -> `100`; empty for a run that did not store its inputs. */
export function inputsOf({ inputs = {} }: ComparedRun): Map<string, string> {
  return new Map([...flat(inputs)].filter(([key]) => !IRRELEVANT.test(key)));
}

export function isRepetition(key: string): boolean {
  return REPETITIONS.test(key);
}

/** Whether a key is about a topology as a whole. One more of them costs the others time, but no messages. */
export function isTopologyKey(key: string): boolean {
  return /(^|\.)topologies\.[^.]+$/.test(key);
}

/** Who takes part. The server that runs them is a condition of its own. */
export function topologyForm({ shortForm, members }: Topology): string {
  return `${shortForm.replace(/ ?\bserver=\S+/, '')} (${members.length} members)`;
}

/** What its times depend on, and neither its counts nor its verdicts. */
export function topologyMeans({ links, budgetCores }: Topology): string {
  // Older results call both "direct". The same suite must not look like two.
  const shown = links === 'observers proxied' ? 'direct' : (links ?? 'proxied');
  return `${shown} links${budgetCores === undefined ? '' : `, ${budgetCores} cores each`}`;
}

/** Equal for runs that were told to do the same on the same kind of machine. */
export function inputsKey(run: ComparedRun): string {
  const { environment, topologies } = run;
  return JSON.stringify([
    [environment.machine, environment.cpu, environment.cores],
    environment.server.implementation,
    environment.toxiproxy.kind,
    topologies.map(topology => [topology.name, topologyForm(topology), topologyMeans(topology)]),
    [...inputsOf(run)].sort(),
    run.inputs === undefined && run.run.suite,
  ]);
}

function flat(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, String(value)]]);
  const parts = Object.entries(value).flatMap(([key, part]) => [
    ...flat(part, path === '' ? key : `${path}.${key}`),
  ]);
  return new Map(parts);
}
