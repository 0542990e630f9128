import { assert, suite } from '#test';
import { minimalResult } from '../../results/fixtures/minimal.ts';
import { limitsOf } from './result-parts.ts';
import { readSuite } from './suites.ts';
import { topologyRows } from './topology-rows.ts';

const test = suite('chaos/experiments: what a result says it cannot show');

function limitsWith(needs: readonly string[], implementation: 'zklab' | 'apache' = 'zklab'): string {
  const suite = readSuite('quick');
  const { environment } = minimalResult();
  const toxiproxy = { kind: 'stand-in', version: '1' } as const;
  const rows = topologyRows({ suite, server: implementation, needs: new Set(needs) });
  const server = { implementation, version: '1' };
  return limitsOf({ ...environment, toxiproxy, server }, rows, suite).join('\n');
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

test('a run of Apache ZooKeeper says what stands before its proxies', () => {
  const text = (implementation: 'zklab' | 'apache') => limitsWith(['healthy'], implementation);
  assert.match(text('apache'), /reach the proxies through a SOCKS server/);
  assert.not.match(text('zklab'), /SOCKS/);
});
