import { assert, suite } from '#test';
import { pomOf } from './pom.ts';
import { isRelease } from './release.ts';

const test = suite('hosts: what Maven is asked for');

const artifacts = (release: string) =>
  [...pomOf(release).matchAll(/<dependency>\s*<groupId>[^<]+<\/groupId><artifactId>([^<]+)</g)].map(
    ([, name]) => name,
  );

test('a release comes with its AdminServer from 3.5 on, and with compressed snapshots from 3.6 on', () => {
  const admin = ['commons-cli', 'jetty-server', 'jetty-servlet', 'jackson-databind'];
  const logging = ['slf4j-api', 'slf4j-simple'];
  assert.equal(artifacts('3.4.14'), ['zookeeper', ...logging]);
  assert.equal(artifacts('3.5.10'), ['parent', 'zookeeper', ...admin, ...logging]);
  assert.equal(artifacts('3.9.5'), [
    'parent',
    'zookeeper',
    ...admin,
    'snappy-java',
    'metrics-core',
    ...logging,
  ]);
});

test('nothing but the number of a release gets into the file', () => {
  for (const release of ['3.9.5', '3.4.14', '3.5.3-beta']) assert.ok(isRelease(release), release);
  for (const text of ['', '3.9', 'latest', '3.9.5</version>', '../3.9.5', '3.9.5 '])
    assert.not(isRelease(text), text);
});
