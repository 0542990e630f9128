import { assert, suite } from '#test';
import type { ServerError } from '../errors.ts';
import { parseConfig } from './server-config.ts';

const test = suite('config: the commit stream');

const NATS = ['observer.stream.sink=nats', 'observer.stream.url=nats://zk@broker:4222'];

function parse(lines: readonly string[], role: 'observer' | 'participant' = 'observer') {
  const servers = [1, 2, 3].map(sid => `server.${sid}=zk${sid}:2888:3888`);
  const own = `server.4=zk4:2888:3888:${role}`;
  const common = ['dataDir=/d', 'clientPort=2181', 'initLimit=10', 'syncLimit=5', `peerType=${role}`];
  return parseConfig({
    path: '/zoo.cfg',
    text: [...common, ...servers, own, ...lines].join('\n'),
    myid: '4',
  });
}

function refusal(lines: readonly string[]): string {
  try {
    parse(lines);
  } catch (error) {
    assert.is((error as ServerError).code, 'ZK_CONFIG_VALUE');
    return (error as Error).message;
  }
  return assert.unreachable(`${lines.join(' ')} is accepted`) as never;
}

test('an observer has the settings of its stream, and a default name', () => {
  assert.equal(parse(NATS).stream, {
    sink: 'nats',
    url: 'nats://zk@broker:4222',
    name: 'zookeeper',
    passwordPath: undefined,
  });
  const own = ['observer.stream.sink=/opt/my-sink.mjs', 'observer.stream.name=all-of-it'];
  assert.equal(parse(own).stream, {
    sink: '/opt/my-sink.mjs',
    url: '',
    name: 'all-of-it',
    passwordPath: undefined,
  });
  assert.is(parse([]).stream, undefined);
});

test('a server that is no observer warns, and has no stream', () => {
  const config = parse(NATS, 'participant');
  assert.is(config.stream, undefined);
  assert.ok(
    config.warnings.includes(
      'observer.stream.sink=nats has no effect on this server: only an observer feeds a commit stream',
    ),
  );
  assert.ok(
    parse(NATS.slice(1)).warnings.includes('observer.stream.url has no effect without observer.stream.sink'),
  );
});

test('settings that cannot be a stream are refused with what is accepted, and no message shows a password', () => {
  assert.match(
    refusal(['observer.stream.sink=kafka']),
    /^observer.stream.sink=kafka .* accepted is nats, redis, or the path/,
  );
  assert.match(refusal(NATS.slice(0, 1)), /^observer.stream.url= .* such as nats:\/\/broker.example:4222$/);
  assert.match(
    refusal([NATS[0]!, 'observer.stream.url=redis://broker']),
    /^observer.stream.url=redis:\/\/broker is not/,
  );
  assert.match(
    refusal([...NATS, 'observer.stream.name=a.b']),
    /^observer.stream.name=a.b .* up to 64 letters/,
  );
  assert.match(refusal([...NATS, 'observer.syncEnabled=false']), /observer.syncEnabled=true/);
  const secret = refusal([NATS[0]!, 'observer.stream.url=nats://zk:hush@broker:4222']);
  assert.match(secret, /observer.stream.passwordPath/);
  assert.not.match(secret, /hush/);
  assert.not.match(refusal([NATS[0]!, 'observer.stream.url=redis://zk:hush@broker:4222']), /hush/);
});
