import { assert, suite } from '#test';
import { configurationOf, renewedBy } from './configuration.ts';
import { majoritySystem } from './majority-system.ts';
import { QuorumMaj } from './quorum-maj.ts';
import type { QuorumSystem } from './quorum-system.ts';
import { firstThatApplies, quorumSystems } from './quorum-systems.ts';
import { formatQuorumConfig, isMembershipKey, parseQuorumConfig } from './quorum-text.ts';
import { votersChanged } from './voters-changed.ts';
import { readVotingRules } from './voting-rules.ts';

const test = suite('quorum: systems');

class QuorumWithout extends QuorumMaj {
  readonly #missingMax: number;

  constructor(parts: ConstructorParameters<typeof QuorumMaj>[0], missingMax: number) {
    super(parts);
    this.#missingMax = missingMax;
  }

  override containsQuorum(sids: ReadonlySet<number>): boolean {
    const missing = [...this.voters].filter(sid => !sids.has(sid)).length;
    return missing <= this.#missingMax && super.containsQuorum(sids);
  }
}

/** A test system: a quorum is every set of voters from which at most a given number is missing. */
const missingSystem: QuorumSystem = {
  name: 'missing',
  keys: ['missing', 'spare.N'],
  read(properties) {
    const text = properties.get('missing');
    if (text === undefined) return null;
    return { lines: [`missing=${text}`], verifier: parts => new QuorumWithout(parts, Number(text)) };
  },
  votingKey: properties => properties.get('missing') ?? null,
  keyTitle: 'of whom may be missing',
};
const systems: readonly QuorumSystem[] = [missingSystem, ...quorumSystems];

const SERVERS = [1, 2, 3, 4, 5].map(sid => `server.${sid}=h${sid}:1:2:participant\n`).join('');
const parse = (text: string) => parseQuorumConfig(text, systems);
const OF_FOUR = `${SERVERS}missing=1\nversion=100000000`;
const NEWER = 'version=100000009';

test('a system of the list is read, written and judged', () => {
  const config = parse(OF_FOUR);
  assert.is(formatQuorumConfig(config), OF_FOUR);
  const { verifier } = configurationOf(config);
  assert.is(verifier.text, OF_FOUR);
  assert.not(verifier.containsQuorum(new Set([1, 2, 3])), 'a majority is not enough');
  assert.ok(verifier.containsQuorum(new Set([1, 2, 3, 4])));
  assert.ok(configurationOf(parse(SERVERS)).verifier.containsQuorum(new Set([1, 2, 3])), 'without its line');
});

test('its keys are those of the membership, and named where others are refused', () => {
  for (const key of ['missing', 'spare.1', 'spare.x']) {
    assert.ok(isMembershipKey(key, systems), key);
    assert.not(isMembershipKey(key), key);
    assert.throws(
      () => parseQuorumConfig(`${key}=1`),
      /accepted is server\.N, .*group\.N, weight\.N or version,/,
    );
  }
  for (const key of ['missing.1', 'missings', 'spare', 'spares.1'])
    assert.throws(
      () => parse(`${key}=1`),
      /accepted is server\.N, missing, spare\.N, .*group\.N, weight\.N or version,/,
    );
});

test('the same voters with other quorums are another configuration: a member stops and adopts nothing', () => {
  const groups = 'group.1=1:2:3\ngroup.2=4:5\n';
  const kinds = ['', 'missing=0\n', 'missing=1\n', groups];
  for (const own of kinds) {
    const file = parse(`${SERVERS}${own}`);
    const configuration = configurationOf(file);
    for (const told of kinds) {
      const text = `${SERVERS}${told}${NEWER}`;
      const isSame = own === told;
      const changed = votersChanged(text, configuration.verifier, 'leader', systems);
      assert.is(changed === null, isSame, `${own} -> ${told}`);
      const renewed = renewedBy(text, file, configuration, systems);
      assert.is(renewed !== null, isSame, `${own} -> ${told}`);
      assert.is(renewed?.verifier.constructor, isSame ? configuration.verifier.constructor : undefined);
    }
  }
});

test('two systems with the same voting key are not the same', () => {
  const other: QuorumSystem = {
    ...missingSystem,
    name: 'other',
    votingKey: properties => properties.get('spare.1') ?? null,
  };
  const keyOf = (line: string) => readVotingRules(`${SERVERS}${line}`, [other, ...systems])?.key;
  assert.is.not(keyOf('missing=1'), keyOf('spare.1=1'));
});

test('the problem says how the voters decide, and which lines to copy', () => {
  const { verifier } = configurationOf(parse(OF_FOUR));
  const { message } = votersChanged(`${SERVERS}missing=0\n${NEWER}`, verifier, 'leader', systems)!;
  assert.match(
    message,
    /with the voters 1, 2, 3, 4, 5 of whom may be missing 0; this server has .* may be missing 1\. /,
  );
  assert.match(message, /Put the server, missing, spare, .*group and weight lines of/);
});

test('every system has a name and keys of its own; majorities are the last, and always apply', () => {
  const names = quorumSystems.map(({ name }) => name);
  const keys = ['server.N', 'version', ...quorumSystems.flatMap(system => system.keys)];
  for (const list of [names, keys]) assert.is(new Set(list).size, list.length, list.join(', '));
  assert.is(quorumSystems.at(-1), majoritySystem);
  for (const { name, keys, read, votingKey } of quorumSystems.slice(0, -1)) {
    assert.ok(keys.length > 0, name);
    assert.is(read(new Map(), new Map()), null, name);
    assert.is(votingKey(new Map(), [1, 2, 3]), null, name);
  }
  assert.throws(() => firstThatApplies([missingSystem], () => null), /must apply to every configuration/);
});
