import { assert, suite } from '#test';
import type { Logger } from '../logging/logger.ts';
import { NameLookup } from './name-lookup.ts';

const test = suite('runtime: names of hosts');

interface Asked {
  readonly host: string;
  answer(error: Error | null, ...addresses: string[]): void;
}

function rig() {
  const asked: Asked[] = [];
  const said: string[] = [];
  const say = (message: string) => void said.push(message);
  const logger: Logger = { debug() {}, info: say, warn: say, error: say, child: () => logger };
  const names = new NameLookup(logger, (host, done) => {
    const answer = (error: Error | null, ...addresses: string[]) =>
      done(
        error,
        addresses.map(address => ({ address })),
      );
    asked.push({ host, answer });
  });
  return { asked, said, names };
}

test('field report C3: a name has all its addresses, IPv4 first, each once and in one spelling', () => {
  const { asked, names } = rig();
  let found: readonly string[] = [];
  names.find('h', (_, addresses) => {
    found = addresses;
  });
  asked[0]!.answer(null, '::1', 'fd00::2', '127.0.0.1', '::ffff:10.0.0.1', '::1');
  assert.equal(found, ['127.0.0.1', '10.0.0.1', '0:0:0:0:0:0:0:1', 'fd00:0:0:0:0:0:0:2']);
});

test('concurrent look-ups of a name are one; the next is another', () => {
  const { asked, names } = rig();
  const heard: string[] = [];
  names.find('h', () => heard.push('a'));
  names.find('h', () => heard.push('b')).cancel();
  names.find('h', () => heard.push('c'));
  names.find('other', () => heard.push('d'));
  assert.equal(
    asked.map(({ host }) => host),
    ['h', 'other'],
  );
  asked[0]!.answer(null, '10.0.0.1');
  assert.equal(heard, ['a', 'c']);
  names.find('h', () => heard.push('e'));
  assert.is(asked.length, 3);
});

test('ZOOKEEPER-2184: an unknown name is one warning, and one line once it is known', () => {
  const { asked, said, names } = rig();
  const errors: (Error | null)[] = [];
  const ask = () => names.find('zk-0\nx', error => errors.push(error));
  for (let i = 0; i < 3; i++) {
    ask();
    asked[i]!.answer(new Error('getaddrinfo ENOTFOUND'));
  }
  ask();
  asked[3]!.answer(null, '10.0.0.1');
  assert.equal(
    errors.map(error => error?.message ?? 'found'),
    ['getaddrinfo ENOTFOUND', 'getaddrinfo ENOTFOUND', 'getaddrinfo ENOTFOUND', 'found'],
  );
  assert.equal(said, [
    'the name zk-0\\nx cannot be resolved: getaddrinfo ENOTFOUND; it is looked up again each time it is needed',
    'the name zk-0\\nx can be resolved now',
  ]);
});

test('names that strangers make us look up are logged up to a thousand', () => {
  const { asked, said, names } = rig();
  for (let i = 0; i < 1100; i++) {
    names.find(`h${i}`, () => {});
    asked[i]!.answer(new Error('unknown'));
  }
  assert.is(said.length, 1000);
});
