import { assert, suite } from '#test';
import { minimalResult } from '../../results/fixtures/minimal.ts';
import { limitsOf } from './result-parts.ts';
import { readSuite } from './suites.ts';
import { topologyRows } from './topology-rows.ts';

const test = suite('chaos/experiments: what a result says it cannot show');

function limitsWith(needs: readonly string[], kind: 'stand-in' | 'none' = 'stand-in'): string {
  const suite = readSuite('quick');
  const { environment } = minimalResult();
  const toxiproxy = { kind, version: '1' } as const;
  const rows = topologyRows({ suite, server: 'zklab', needs: new Set(needs) });
  return limitsOf({ ...environment, toxiproxy }, rows, suite).join('\n');
}

test('the limits say on whose links proxies stand, and speak of no ensemble that was not started', () => {
  const [both, shared, roles] = [['healthy', 'roles'], ['healthy'], ['roles']].map(needs =>
    limitsWith(needs),
  );
  const ofRoles = /In voters7, observers4 only the traffic of observers goes through the stand-in/;
  const ofSuite = /All traffic between members of voters, observers, masters goes through the stand-in/;
  for (const text of [both!, roles!]) assert.match(text, ofRoles);
  for (const text of [both!, shared!]) assert.match(text, ofSuite);
  assert.not.match(shared!, /voters7/);
  assert.not.match(roles!, /All traffic|started once/);
  assert.match(roles!, /Up to 7 members/);
});

test('without proxies the limits say so, and nothing of links behind proxies', () => {
  const text = limitsWith(['healthy', 'roles'], 'none');
  assert.match(text, /There were no proxies/);
  assert.not.match(text, /traffic/);
});
