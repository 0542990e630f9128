import { assert, suite } from '#test';
import { MemoryDisk } from '../runtime/memory-disk.ts';
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
