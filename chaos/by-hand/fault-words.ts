/**
 * Faults as a person types them: `cut leader observers`, `latency v1 any latencyMs=200`, `kill follower`.
 * Targets stand in the order of the keys that the fault has for them; everything else is key=value.
 */
import { parse } from 'yaml';
import { jsonSchemaOf } from '../../bench/json-schema.ts';
import { UsageError } from '../../bench/usage-error.ts';
import type { FaultKind } from '../faults/fault.ts';
import { FAULTS, type WrittenFault } from '../faults/index.ts';
import { CLIENT } from '../mesh/link.ts';

/** What targets may name at this moment. */
export interface Present {
  /** By member, as it reports itself. */
  readonly roles: ReadonlyMap<string, string>;
  /** Members that are configured to vote. */
  readonly voters: readonly string[];
  readonly centres: readonly string[];
}

/** Words that people use for a fault with another name. */
const ALSO: Readonly<Record<string, string>> = { cut: 'blackhole' };

/** Keys for targets, in the order of the words. */
const TARGET_KEYS = ['select', 'target', 'from', 'to'] as const;

/** @throws UsageError naming the word and what is accepted */
export function faultOf(words: readonly string[], present: Present, isOneWay = false): WrittenFault {
  const [name = '', ...rest] = words;
  const kind = kindOf(name);
  const keys = Object.keys((jsonSchemaOf(kind.schema).properties ?? {}) as object);
  const targets = targetsOf(
    kind,
    keys,
    rest.filter(word => !word.includes('=')),
    present,
    isOneWay,
  );
  const options: Record<string, unknown> = {};
  for (const word of rest.filter(each => each.includes('='))) {
    const [key, value] = optionOf(word, kind, keys);
    if (key in targets || Object.hasOwn(options, key))
      throw new UsageError(`"${word}": ${key} is given twice; accepted is one of them`);
    options[key] = value;
  }
  return { fault: kind.name, ...targets, ...options };
}

function kindOf(name: string): FaultKind {
  const kind = FAULTS.find(each => each.name === name) ?? FAULTS.find(each => each.name === ALSO[name]);
  if (kind !== undefined) return kind;
  const also = Object.entries(ALSO).map(([word, means]) => `${word} (${means})`);
  throw new UsageError(
    `fault "${name}": accepted are ${[...FAULTS.map(each => each.name), ...also].join(', ')}`,
  );
}

function optionOf(word: string, kind: FaultKind, keys: readonly string[]): [string, unknown] {
  const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
  if (!keys.includes(key))
    throw new UsageError(
      `"${word}": ${kind.name} has no ${key}; accepted are ${keys.map(each => `${each}=`).join(', ')}`,
    );
  try {
    return [key, parse(value)];
  } catch {
    throw new UsageError(`"${word}": accepted is a value as in YAML`);
  }
}

function targetsOf(
  kind: FaultKind,
  keys: readonly string[],
  words: readonly string[],
  present: Present,
  isOneWay: boolean,
): object {
  const own = TARGET_KEYS.filter(key => keys.includes(key));
  const max = own.includes('select') ? 2 : own.length;
  if (words.length > max)
    throw new UsageError(
      `"${words[max]}": ${kind.name} takes ${max === 0 ? 'no target' : `at most ${max} target${max === 1 ? '' : 's'}`}; options are written key=value`,
    );
  if (isOneWay && !own.includes('select'))
    throw new UsageError(`--one-way: ${kind.name} is on no links; accepted is a fault that has select`);
  const [first, second] = words.map(word => targetOf(word, present));
  if (own.includes('select')) {
    if (first === undefined) return {};
    return { select: { from: first, to: second ?? 'any', both: !isOneWay } };
  }
  return Object.fromEntries(own.slice(0, words.length).map((key, at) => [key, [first, second][at]]));
}

const ROLES = ['leader', 'follower', 'observer'] as const;

/** A role in the plural means all members that have it now. */
function targetOf(word: string, { roles, voters, centres }: Present): unknown {
  if (word === 'any' || word === 'all') return 'any';
  if (word === CLIENT || word === 'clients') return CLIENT;
  if (ROLES.some(role => role === word)) return { role: word };
  if (word.startsWith('dc:') && centres.includes(word.slice(3))) return { dc: word.slice(3) };
  const names = word === 'voters' ? voters : word.endsWith('s') ? having(roles, word.slice(0, -1)) : [];
  const listed = names.length > 0 ? names : word.split(',');
  if (listed.every(name => roles.has(name))) return { name: listed.length === 1 ? listed[0]! : [...listed] };
  if (ROLES.some(role => word === `${role}s`))
    throw new UsageError(
      `target "${word}": nobody is ${word.slice(0, -1)} now; the roles are ${[...roles].map(([name, role]) => `${name}=${role}`).join(' ')}`,
    );
  const dcs = centres.map(dc => `dc:${dc}`);
  throw new UsageError(
    `target "${word}": accepted are ${[...roles.keys(), ...ROLES, 'followers', 'observers', 'voters', ...dcs, 'any', 'clients'].join(', ')}`,
  );
}

function having(roles: ReadonlyMap<string, string>, role: string): string[] {
  return [...roles].filter(([, each]) => each === role).map(([name]) => name);
}
