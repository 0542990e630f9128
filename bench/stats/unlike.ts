/** Differences of two runs that make their rows measure different things: another question, not a change. */
import { whyBusy } from '../../results/busy-machine.ts';
import type { Result, Topology } from '../../results/schema.ts';

/** How many keys of the inputs are named. Two different suites differ in dozens. */
const KEYS_NAMED_MAX = 8;

/** How long a run lasts and what it judges; what a row measures does not depend on them. */
const OTHER_KEYS = /(^|\.)(description|name|rounds|roundsMin|starts|budgetMs|claims|seed)(\.|$)/;

/** One sentence each; empty when the two are comparable. */
export function unlikeInputs(a: Result, b: Result): string[] {
  return [
    ...differences('server', a.environment.server.implementation, b.environment.server.implementation),
    ...differences('Toxiproxy', a.environment.toxiproxy.kind, b.environment.toxiproxy.kind),
    ...a.topologies.flatMap(topology => {
      const other = b.topologies.find(({ name }) => name === topology.name);
      return other === undefined
        ? []
        : differences(`topology ${topology.name}`, formOf(topology), formOf(other));
    }),
    ...unlikeKeys(a, b),
    ...[a, b].flatMap(run => whyBusy(run)?.replace(/^/, `${run.run.id}: `) ?? []),
  ];
}

function unlikeKeys({ inputs: a }: Result, { inputs: b }: Result): string[] {
  if (a === undefined || b === undefined) return [];
  const [first, second] = [flat(a), flat(b)];
  const keys = [...new Set([...first.keys(), ...second.keys()])].filter(key => !OTHER_KEYS.test(key));
  const found = keys.flatMap(key => differences(key, first.get(key) ?? 'none', second.get(key) ?? 'none'));
  const more = found.length - KEYS_NAMED_MAX;
  return more > 0 ? [...found.slice(0, KEYS_NAMED_MAX), `${more} more inputs differ`] : found;
}

/** `suite.load.valueBytes` -> `100` */
function flat(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, String(value)]]);
  const parts = Object.entries(value).flatMap(([key, part]) => [
    ...flat(part, path === '' ? key : `${path}.${key}`),
  ]);
  return new Map(parts);
}

function formOf({ shortForm, members, links, budgetCores }: Topology): string {
  const budget = budgetCores === undefined ? '' : `, ${budgetCores} cores each`;
  return `${shortForm} (${members.length} members${links === undefined ? '' : `, ${links} links`}${budget})`;
}

function differences(what: string, a: string, b: string): string[] {
  return a === b ? [] : [`${what}: ${a} and ${b}`];
}
