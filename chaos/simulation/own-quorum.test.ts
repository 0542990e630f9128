import { assert, suite } from '#test';
import { configurationOf } from '../../server/membership/configuration.ts';
import { parseQuorumConfig } from '../../server/membership/quorum-text.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { FailureDetector } from './failure-detector.ts';
import { isQuorum, rulesOf } from './own-quorum.ts';
import { drawShape, rulesOfShape, shapeSettings } from './shape.ts';

const test = suite('simulation: quorums reckoned apart from the server');

test('for every ensemble that a seed draws, the server counts the same quorums', () => {
  const kinds = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const shape = drawShape(new SeededRandom(seed));
    const members = Array.from({ length: shape.voters + shape.observers }, (_, at) => at + 1);
    kinds.add(shape.oracle ? 'oracle' : shape.groups ? 'groups' : 'majority');
    const lines = Object.entries(shapeSettings(shape)).filter(([key]) => /^(group|weight)\./.test(key));
    const servers = members.map(
      sid => `server.${sid}=zk${sid}:2888:3888:${sid > shape.voters ? 'observer' : 'participant'}`,
    );
    const text = [...servers, ...lines.map(line => line.join('='))].join('\n');
    const { verifier } = configurationOf(parseQuorumConfig(text));
    for (let bits = 0; bits < 1 << members.length; bits++) {
      const sids = new Set(members.filter((_, at) => bits & (1 << at)));
      const own = isQuorum(rulesOfShape(shape), sids);
      assert.is(own, verifier.containsQuorum(sids), `${text}: ${[...sids]}`);
      assert.is(isQuorum(rulesOf(text), sids), own);
    }
  }
  assert.equal([...kinds].sort(), ['groups', 'majority', 'oracle']);
});

test('the oracle authorises a voter when the other is dead, and never one that has missed something', () => {
  let nowMs = 0;
  const current = new Set([1, 2]);
  const detector = new FailureDetector({
    ...{ voters: [1, 2], nowMs: () => nowMs, noticeMs: 100, keeps: true },
    isCurrent: sid => current.has(sid),
  });
  detector.onUp(1);
  detector.onUp(2);
  const both = () => [detector.authorises(1), detector.authorises(2)];
  assert.equal(both(), [false, false]);
  detector.onDown(2);
  assert.equal(both(), [false, false], 'nobody has noticed yet');
  nowMs = 100;
  assert.equal(both(), [true, false]);
  detector.onUp(2);
  assert.equal(both(), [true, false], 'until it is synchronised');
  detector.onDown(1);
  nowMs = 300;
  assert.equal(both(), [false, false], 'it was not there when the other one led');
  detector.onUp(1);
  detector.onSynced();
  detector.onDown(1);
  nowMs = 500;
  current.delete(2);
  assert.equal(both(), [false, false], 'it lacks a transaction');
  current.add(2);
  assert.equal(both(), [false, true]);
});
