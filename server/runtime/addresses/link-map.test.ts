import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { ServerError } from '../../errors.ts';
import { keptWarnings } from '../logging/warnings.test-kit.ts';
import { LinkMap, parseLinkMap } from './link-map.ts';

const test = suite('runtime: the link map');

const FILE = 'links.json';

const refuses = (text: string, message: RegExp): void =>
  void assert.throws(
    () => parseLinkMap(text, FILE),
    (error: Error) =>
      error instanceof ServerError && error.code === 'ZK_LINK_MAP' && message.test(error.message),
  );

test('addresses by "host:port", IPv6 too', () => {
  const map = parseLinkMap(
    '{"a:1": "127.0.0.1:65535", "::1:2888": "[::1]:2", "[fe80::1%eth0]:3": "b:4"}',
    FILE,
  );
  assert.equal(
    [...map],
    [
      ['a:1', { host: '127.0.0.1', port: 65535 }],
      ['[0:0:0:0:0:0:0:1]:2888', { host: '0:0:0:0:0:0:0:1', port: 2 }],
      ['[fe80:0:0:0:0:0:0:1%eth0]:3', { host: 'b', port: 4 }],
    ],
  );
  assert.is(parseLinkMap('{}', FILE).size, 0);
});

test('anything but a map of addresses is refused with the file, the entry and what is accepted', () => {
  refuses('{', /link map links\.json is not JSON/);
  for (const text of ['[]', 'null', '3', '"a:1"']) refuses(text, /links\.json must be one object/);
  for (const [from, to] of [
    ['a:1', 3],
    ['a:1', 'b'],
    ['a', 'b:1'],
    ['a:1', 'b:0'],
    ['a:1', 'b:65536'],
    ['a:1', ':1'],
    ['a:1', null],
  ] as const) {
    const message = `${JSON.stringify(from)}: ${JSON.stringify(to)} must be "host:port": "host:port"`;
    refuses(JSON.stringify({ [from]: to }), new RegExp(message.replace(/[.[\]]/g, '\\$&')));
  }
});

test('an address outside the map is dialed unchanged; a change of the file applies from the next dial', () => {
  const path = join(temporaryFolder(), FILE);
  writeFileSync(path, '{"a:1": "proxy:1001"}');
  const { logger, warnings } = keptWarnings();
  const map = new LinkMap(path, logger);
  assert.equal(map.translate({ host: 'a', port: 1 }), { host: 'proxy', port: 1001 });
  assert.equal(map.translate({ host: 'a', port: 2 }), { host: 'a', port: 2 });
  writeFileSync(path, '{"a:1": "other-proxy:1001"}');
  assert.equal(map.translate({ host: 'a', port: 1 }), { host: 'other-proxy', port: 1001 });
  assert.equal(warnings, []);
});

test('a file that becomes bad, or disappears, leaves the last good map in force with a warning', () => {
  const path = join(temporaryFolder(), FILE);
  writeFileSync(path, '{"a:1": "proxy:1001"}');
  const { logger, warnings } = keptWarnings();
  const map = new LinkMap(path, logger);
  writeFileSync(path, '{"a:1": ');
  assert.equal(map.translate({ host: 'a', port: 1 }), { host: 'proxy', port: 1001 });
  assert.match(warnings.join('\n'), /the link map stays as it was: .*links\.json is not JSON/);
  rmSync(path);
  assert.equal(map.translate({ host: 'a', port: 1 }), { host: 'proxy', port: 1001 });
  assert.match(warnings.at(-1)!, /cannot be read: ENOENT/);
  writeFileSync(path, '{"a:1": "proxy:1002"}');
  assert.equal(map.translate({ host: 'a', port: 1 }), { host: 'proxy', port: 1002 });
});

test('at the start a bad or missing file is an error, not a warning', () => {
  const { logger } = keptWarnings();
  const isLinkMapError = (error: Error) => error instanceof ServerError && error.code === 'ZK_LINK_MAP';
  assert.throws(() => new LinkMap(join(temporaryFolder(), 'none.json'), logger), isLinkMapError);
});
