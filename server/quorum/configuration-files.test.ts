import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { loadConfig } from '../config/load-config.ts';
import { type Configuration, configurationFromText } from '../membership/configuration.ts';
import { type LogFields, silentLogger } from '../runtime/logging/logger.ts';
import { nodeDisk } from '../runtime/node/node-disk.ts';
import { MemoryDisk } from '../runtime/virtual/memory-disk.ts';
import { ConfigurationFiles } from './configuration-files.ts';

const test = suite('quorum: the files of a configuration');

const PATH = '/conf/zoo.cfg';
const LINES = ['server.1=a:1:2:participant', 'server.2=b:1:2:participant', 'server.10=c:1:2:observer'];
const STATIC = `# of the operator
tickTime=2000
dataDir=/data
initLimit=5
syncLimit=2
clientPort=2181
peerType=participant
standaloneEnabled=false
reconfigEnabled=true
${LINES.join('\n')}
# the end`;
const REST = STATIC.replace(/^(server\.|peerType).*\n/gm, '');

function configuration(version: number, lines: readonly string[] = LINES): Configuration {
  return configurationFromText(`${lines.join('\n')}\nversion=${version.toString(16)}`);
}

class Rig {
  survives = 0;
  readonly disk = new MemoryDisk({
    schedule: (_, run) => run(),
    random: { float: () => 0, below: bound => Math.floor(this.survives * bound) },
  });
  readonly errors: [string, LogFields | undefined][] = [];
  files = this.#files();

  constructor(text = STATIC) {
    this.write(PATH, text);
    this.write('/data/myid', '1\n');
  }

  #files(): ConfigurationFiles {
    const error = (message: string, fields?: LogFields) => void this.errors.push([message, fields]);
    const logger = { ...silentLogger, error };
    return new ConfigurationFiles({ disk: this.disk, path: PATH, sid: 1, version: 0, logger });
  }

  write(path: string, text: string): void {
    const directory = path.replace(/\/[^/]*$/, '');
    this.disk.makeDirectory(directory);
    const file = this.disk.open(path, 'w');
    file.writeAt(0, Buffer.from(text, 'latin1'));
    file.syncNow();
    file.close();
    this.disk.syncDirectory(directory);
  }

  read(name: string): string {
    return this.disk.read(`/conf/${name}`).toString('latin1');
  }

  get names(): string[] {
    return this.disk.list('/conf');
  }

  /** The version of the configuration that the server would start with, and its members. */
  get start(): string {
    const { quorum } = loadConfig(this.disk, PATH);
    return `${quorum?.config.version.toString(16)}: ${[...(quorum?.config.servers.keys() ?? [])]}`;
  }
}

test('the first committed configuration moves the server lines out of zoo.cfg, and a copy of zoo.cfg is kept', () => {
  const rig = new Rig();
  rig.files.begin({ keepsCopy: true });
  rig.files.committed(configuration(0x1_0000_0000));
  assert.equal(rig.names, ['zoo.cfg', 'zoo.cfg.bak', 'zoo.cfg.dynamic.100000000']);
  assert.is(rig.read('zoo.cfg.bak'), STATIC);
  assert.is(rig.read('zoo.cfg'), `${REST}\ndynamicConfigFile=/conf/zoo.cfg.dynamic.100000000\n`);
  assert.is(
    rig.read('zoo.cfg.dynamic.100000000'),
    'server.10=c:1:2:observer\nserver.1=a:1:2:participant\nserver.2=b:1:2:participant',
    'in the order of the letters, and without a line end at the end',
  );
  assert.is(rig.start, '100000000: 1,2,10');
});

test('a configuration that is only seen has a file of its own, with its version, until it is committed', () => {
  const rig = new Rig();
  rig.files.committed(configuration(0x1_0000_0000));
  rig.files.seen(configuration(0x1_0000_0007, LINES.slice(0, 2)));
  assert.is(
    rig.read('zoo.cfg.dynamic.next'),
    'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nversion=100000007',
  );
  assert.is(rig.start, '100000000: 1,2,10');
  rig.files.committed(configuration(0x1_0000_0007, LINES.slice(0, 2)));
  assert.equal(rig.names, ['zoo.cfg', 'zoo.cfg.dynamic.100000000', 'zoo.cfg.dynamic.100000007']);
  assert.is(rig.start, '100000007: 1,2');
});

test('the file of an abandoned configuration is removed at the next start, or when another one is seen', () => {
  const rig = new Rig();
  rig.files.committed(configuration(7));
  rig.files.seen(configuration(8, LINES.slice(0, 2)));
  rig.files.seen(configuration(7));
  assert.equal(rig.names, ['zoo.cfg', 'zoo.cfg.dynamic.7']);
  rig.files.seen(configuration(9));
  assert.ok(rig.names.includes('zoo.cfg.dynamic.next'));
  rig.files.begin({ keepsCopy: false });
  assert.equal(rig.names, ['zoo.cfg', 'zoo.cfg.dynamic.7']);
});

test('a later configuration that was seen is kept when an earlier one is committed', () => {
  const rig = new Rig();
  rig.files.seen(configuration(9));
  rig.files.committed(configuration(7));
  assert.ok(rig.names.includes('zoo.cfg.dynamic.next'));
  rig.files.committed(configuration(9));
  assert.not.ok(rig.names.includes('zoo.cfg.dynamic.next'));
});

test('client ports leave zoo.cfg only when the server’s own line has them', () => {
  const ports = 'clientPort=2181\nclientPortAddress=0.0.0.0\nclientPortListenBacklog=5\nsecureClientPort=0\n';
  const rig = new Rig(`dataDir=/data\n${ports}`);
  rig.files.committed(configuration(7));
  assert.ok(rig.read('zoo.cfg').startsWith(`dataDir=/data\n${ports}`));
  rig.files.committed(configuration(8, ['server.1=a:1:2:participant;2191', ...LINES.slice(1)]));
  assert.is(
    rig.read('zoo.cfg'),
    'dataDir=/data\nclientPortListenBacklog=5\nsecureClientPort=0\ndynamicConfigFile=/conf/zoo.cfg.dynamic.8\n',
  );
});

test('bytes that are not ASCII stay as they are, and a path with them is read back', () => {
  const rig = new Rig('dataDir=/data\n# donn\xc3\xa9es\n');
  const files = new ConfigurationFiles({
    disk: rig.disk,
    path: '/c\\é/zoo.cfg',
    sid: 1,
    version: 0,
    logger: { ...silentLogger, error: message => assert.unreachable(message) },
  });
  rig.write('/c\\é/zoo.cfg', rig.read('zoo.cfg'));
  files.committed(configuration(7));
  const text = rig.disk.read('/c\\é/zoo.cfg').toString('latin1');
  assert.is(text, 'dataDir=/data\n# donn\xc3\xa9es\ndynamicConfigFile=/c\\\\\\u00e9/zoo.cfg.dynamic.7\n');
});

test('edits that an operator has made in zoo.cfg meanwhile are kept', () => {
  const rig = new Rig();
  rig.files.committed(configuration(7));
  rig.write(PATH, rig.read('zoo.cfg').replace('tickTime=2000', 'tickTime=1000'));
  rig.files.committed(configuration(8));
  assert.match(rig.read('zoo.cfg'), /tickTime=1000\n.*dynamicConfigFile=\/conf\/zoo\.cfg\.dynamic\.8\n$/s);
});

/**
 * Loses power at each disk operation of a whole story. Unsynced bytes are lost, half kept, or nearly all
 * kept.
 */
test('after a power loss at any moment, the server starts with one whole configuration that was once committed', () => {
  const story = (rig: Rig) => {
    rig.files.begin({ keepsCopy: true });
    rig.files.committed(configuration(7));
    rig.files.seen(configuration(8, LINES.slice(0, 2)));
    rig.files.committed(configuration(8, LINES.slice(0, 2)));
  };
  const whole = new Rig();
  const before = whole.disk.operations;
  story(whole);
  const operations = whole.disk.operations - before;
  assert.ok(operations > 15, `${operations} operations`);
  const found = new Set<string>();
  for (let cut = 0; cut < operations; cut++) {
    for (const survives of [0, 0.5, 0.99]) {
      const rig = new Rig();
      rig.survives = survives;
      let left = cut;
      let isOff = false;
      rig.disk.beforeOperation = () => {
        if (isOff) throw new Error('no power');
        if (left-- > 0) return;
        isOff = true;
        rig.disk.crash();
        throw new Error('no power');
      };
      story(rig);
      rig.disk.beforeOperation = () => {};
      assert.ok(isOff, 'it was cut');
      const { start } = rig;
      found.add(start);
      assert.ok(['0: 1,2,10', '7: 1,2,10', '8: 1,2'].includes(start), `cut at ${cut}: ${start}`);
      if (rig.names.includes('zoo.cfg.bak')) assert.is(rig.read('zoo.cfg.bak'), STATIC);
      // The operator's lines stay, wherever the power was lost.
      assert.ok(rig.read('zoo.cfg').startsWith('# of the operator\ntickTime=2000\n'));
    }
  }
  assert.is(found.size, 3);
});

test('every file has the permissions of zoo.cfg, which may hold secrets', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'zoo.cfg');
  writeFileSync(path, STATIC);
  chmodSync(path, 0o600);
  const parts = { disk: nodeDisk, path, sid: 1, version: 0, logger: silentLogger };
  const files = new ConfigurationFiles(parts);
  files.begin({ keepsCopy: true });
  files.committed(configuration(7));
  files.seen(configuration(8));
  const names = readdirSync(folder).sort();
  assert.equal(names, ['zoo.cfg', 'zoo.cfg.bak', 'zoo.cfg.dynamic.7', 'zoo.cfg.dynamic.next']);
  for (const name of names) assert.is(statSync(join(folder, name)).mode & 0o777, 0o600, name);
});

test('when the disk takes nothing, each write logs one error, and the files stay as they were', () => {
  const rig = new Rig();
  rig.disk.beforeOperation = () => {
    throw new Error('EROFS: read-only file system');
  };
  rig.files.begin({ keepsCopy: true });
  rig.files.seen(configuration(7));
  rig.files.committed(configuration(7));
  assert.is(rig.errors.length, 3);
  for (const [message, fields] of rig.errors) {
    assert.match(message, /^this server cannot .* in \/conf; it goes on/);
    assert.match(String(fields?.reason), /EROFS/);
  }
  rig.disk.beforeOperation = () => {};
  assert.equal(rig.names, ['zoo.cfg']);
  assert.is(rig.read('zoo.cfg'), STATIC);
});
