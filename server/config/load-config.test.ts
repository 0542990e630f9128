import { assert, suite } from '#test';
import { MemoryDisk } from '../runtime/virtual/memory-disk.ts';
import { loadConfig } from './load-config.ts';

const test = suite('config: files');

function diskWith(files: Record<string, string>): MemoryDisk {
  const disk = new MemoryDisk({ schedule: (_, run) => run(), random: { float: () => 0, below: () => 0 } });
  for (const [path, text] of Object.entries(files)) {
    disk.makeDirectory(path.replace(/\/[^/]*$/, ''));
    const file = disk.open(path, 'w');
    file.writeAt(0, Buffer.from(text));
    file.close();
  }
  return disk;
}

const limits = 'dataDir=/data\ninitLimit=1\nsyncLimit=1\n';
const servers = 'server.1=a:1:2;2181\nserver.2=b:1:2;2182\n';

test('zoo.cfg alone', () => {
  const config = loadConfig(diskWith({ '/etc/zoo.cfg': 'dataDir=/data\nclientPort=0\n' }), '/etc/zoo.cfg');
  assert.equal(config.clientAddress, { host: '0.0.0.0', port: 0 });
});

test('a byte order mark, as editors of Windows put it, is no part of the first key', () => {
  const files = { '/etc/zoo.cfg': `\ufeff${limits}${servers}`, '/data/myid': '\ufeff1\r\n' };
  const config = loadConfig(diskWith(files), '/etc/zoo.cfg');
  assert.is(config.dataDir, '/data');
  assert.is(config.quorum?.sid, 1);
});

test('zoo.cfg, the dynamic file it names, and myid in its data directory', () => {
  const disk = diskWith({
    '/etc/zoo.cfg': `${limits}dynamicConfigFile=/etc/zoo.cfg.dynamic.7\n`,
    '/etc/zoo.cfg.dynamic.7': servers,
    '/data/myid': '2\n',
  });
  const { quorum } = loadConfig(disk, '/etc/zoo.cfg');
  assert.is(quorum?.sid, 2);
  assert.is(quorum?.config.version, 7);
});

test('a dynamic file that is wrong is refused with its name', () => {
  const dynamic = (text: string) =>
    diskWith({
      '/etc/zoo.cfg': `${limits}dynamicConfigFile=/etc/zoo.cfg.dynamic.7\n`,
      '/etc/zoo.cfg.dynamic.7': text,
      '/data/myid': '2\n',
    });
  for (const [text, said] of [
    ['server.1=a:1\n', /^\/etc\/zoo\.cfg\.dynamic\.7: server\.1=a:1 is not accepted/],
    [`${servers}tickTime=5\n`, /^\/etc\/zoo\.cfg\.dynamic\.7: tickTime=5 is not accepted/],
    [`${servers}group.1=1\n`, /^\/etc\/zoo\.cfg\.dynamic\.7: server\.2 votes and is in no group/],
  ] as const) {
    assert.throws(
      () => loadConfig(dynamic(text), '/etc/zoo.cfg'),
      (error: Error & { details: object }) => {
        assert.match(error.message, said);
        return true;
      },
    );
  }
});

test('a file that is not there is named', () => {
  const refusedWith = (code: string, said: RegExp) => (error: Error & { code: string }) =>
    error.code === code && said.test(error.message);
  assert.throws(
    () => loadConfig(diskWith({}), '/no.cfg'),
    refusedWith('ZK_CONFIG_FILE', /^\/no\.cfg cannot be read(?!.*cannot read)/),
  );
  const noDynamic = diskWith({ '/etc/zoo.cfg': `${limits}dynamicConfigFile=/gone\n` });
  assert.throws(
    () => loadConfig(noDynamic, '/etc/zoo.cfg'),
    refusedWith('ZK_CONFIG_FILE', /^\/gone cannot be read/),
  );
  const noMyid = diskWith({ '/etc/zoo.cfg': `${limits}${servers}` });
  assert.throws(() => loadConfig(noMyid, '/etc/zoo.cfg'), refusedWith('ZK_MYID', /^\/data\/myid is missing/));
});

/** A path in UTF-8, as it stands in zoo.cfg, and the directories that the readings of its bytes name. */
const written = '/srv/donn\u00e9es';
const asLatin1 = '/srv/donn\u00c3\u00a9es';
const asAscii = '/srv/donn??es';
const accented = `dataDir=${written}\nclientPort=0\n`;

test('field report C6: of the readings of a path beyond ASCII the server takes the one that exists, and a warning says so', () => {
  const cases: [there: string[], used: string, said: RegExp][] = [
    [[], asLatin1, /^dataDir has letters beyond ASCII: \S+ is used, read as ISO-8859-1, as Apache/],
    [[`${asLatin1}/version-2/snapshot.0`], asLatin1, /ISO-8859-1/],
    [[`${written}/version-2/log.1`], written, /\/srv\/données is used, read as UTF-8$/],
    [[`${written}/version-2/log.1`, `${asLatin1}/notes`], written, /read as UTF-8$/],
    [[`${written}/notes`], written, /read as UTF-8$/],
    [[`${asAscii}/version-2/log.1`, `${written}/notes`], asAscii, /read as ASCII, as Apache/],
  ];
  for (const [there, used, said] of cases) {
    const files = Object.fromEntries(there.map(path => [path, 'x']));
    const config = loadConfig(diskWith({ ...files, '/zoo.cfg': accented }), '/zoo.cfg');
    assert.is(config.dataDir, used, there.join());
    assert.is(config.dataLogDir, used);
    assert.is(config.warnings.length, 1);
    assert.match(config.warnings[0] ?? '', said);
  }
});

test('field report C6: two readings with data refuse the start, and the message says how to make the path unambiguous', () => {
  const both = { [`${asLatin1}/version-2/log.1`]: 'x', [`${written}/myid`]: '1', '/zoo.cfg': accented };
  assert.throws(
    () => loadConfig(diskWith(both), '/zoo.cfg'),
    (error: Error & { code: string }) =>
      error.code === 'ZK_CONFIG_VALUE' &&
      error.message.includes(asLatin1) &&
      error.message.includes(written) &&
      error.message.includes('\\u and four digits'),
  );
});

test('field report C6: an escape is one letter, and a file in ISO-8859-1 is read as such', () => {
  const escaped = loadConfig(
    diskWith({ '/zoo.cfg': 'dataDir=/srv/donn\\u00e9es\nclientPort=0\n', [`${written}/myid`]: '1' }),
    '/zoo.cfg',
  );
  assert.is(escaped.dataDir, written);
  const disk = diskWith({});
  const file = disk.open('/zoo.cfg', 'w');
  file.writeAt(0, Buffer.from(accented, 'latin1'));
  file.close();
  assert.is(loadConfig(disk, '/zoo.cfg').dataDir, written);
});

test('a path is named as java.io.File names it', () => {
  const config = loadConfig(
    diskWith({ '/zoo.cfg': 'dataDir=/srv//zk/\ndataLogDir=~/log/\nclientPort=0\n' }),
    '/zoo.cfg',
  );
  assert.is(config.dataDir, '/srv/zk');
  assert.is(config.dataLogDir, '~/log');
  assert.equal(config.warnings, [
    'dataLogDir=~/log is relative to the directory that the server is started in',
  ]);
});
