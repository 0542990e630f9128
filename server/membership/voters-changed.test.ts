import { assert, suite } from '#test';
import { DataTree } from '../tree/data-tree.ts';
import { OpCode } from '../wire/opcodes.ts';
import { configIn } from './config-node.ts';
import { type Configuration, configurationOf, renewedBy } from './configuration.ts';
import { parseQuorumConfig } from './quorum-text.ts';
import { type ConfigSource, votersChanged } from './voters-changed.ts';

const test = suite('membership: the ensemble has other voters than this member');

const FILE = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n';
const JOINED = `${FILE}server.4=d:1:2\nserver.5=e:1:2\n`;
const OBSERVED = `${FILE}server.4=d:1:2:observer\n`;

const fileOf = (version = 0) => parseQuorumConfig(`${FILE}version=${version.toString(16)}`);

function problemOf(text: string | null, source: ConfigSource, version = 0) {
  return votersChanged(text, configurationOf(fileOf(version)).verifier, source);
}

test('a newer configuration with other voters is a problem; an older one, an equal one and none are not', () => {
  for (const [text, own, isProblem] of [
    [`${JOINED}version=100000003`, 0, true],
    [`${JOINED}version=100000003`, 0x1_0000_0002, true],
    [`${JOINED}version=100000003`, 0x1_0000_0003, false],
    [`${JOINED}version=100000003`, 0x1_0000_0004, false],
    // A file has no version: those of members may differ while they are changed one after the other.
    [`${JOINED}version=0`, 0, false],
    [JOINED, 0, false],
    [`${OBSERVED}version=100000003`, 0, false],
    ['version=100000003', 0, false],
    ['no configuration', 0, false],
    [null, 0, false],
  ] as const) {
    const problem = problemOf(text, 'leader', own);
    assert.is(problem !== null, isProblem, `${text} for ${own}`);
    if (problem !== null) assert.is(problem.code, 'ZK_VOTERS_CHANGED');
  }
});

test('the problem names versions and voters of both, and what to do', () => {
  const text = `${JOINED}version=100000003`;
  const { message, details } = problemOf(text, 'committed')!;
  assert.match(
    message,
    /a reconfiguration made version 0x100000003 with the voters 1, 2, 3, 4, 5; this server has version 0x0 with the voters 1, 2, 3\. /,
  );
  assert.match(
    message,
    /Put the server, .*group and weight lines of \/zookeeper\/config of a serving member into zoo\.cfg, with the line version=100000003/,
  );
  assert.not.match(message, /remove version-2/);
  assert.match(problemOf(text, 'leader')!.message, /its leader names version/);
  assert.match(
    problemOf(text, 'disk')!.message,
    /its log or snapshot holds version .* remove version-2 .* of this server alone/,
  );
  assert.equal(details, {
    found: { version: '0x100000003', voters: '1, 2, 3, 4, 5' },
    configured: { version: '0x0', voters: '1, 2, 3' },
  });
  const grouped = `${FILE}group.1=1:2\ngroup.2=3\nversion=1`;
  assert.match(
    problemOf(grouped, 'leader')!.message,
    /with the voters 1, 2, 3 in the groups \(sid\*weight\) 1\*1,2\*1 3\*1;/,
  );
});

test('a text of any length and content makes a message of bounded length', () => {
  const many = Array.from({ length: 4000 }, (_, sid) => `server.${sid}=h:1:2\n`).join('');
  const groups = Array.from({ length: 4000 }, (_, sid) => `group.${sid}=${sid}\n`).join('');
  const { message } = problemOf(`${many}${groups}version=5`, 'leader')!;
  assert.ok(message.length < 2500, `${message.length} characters`);
  assert.match(message, /, and 3950 more/);
});

test('a newer configuration with the same voters renews that of the file, text and version; nothing else does', () => {
  const file = fileOf();
  const renew = (text: string, own: Configuration) => renewedBy(text, file, own);
  const text = `${OBSERVED}version=100000003`;
  const renewed = renew(text, configurationOf(file))!;
  assert.is(renewed.verifier.text, text);
  assert.is(renewed.verifier.version, 0x1_0000_0003);
  assert.equal([...renewed.verifier.voters], [1, 2, 3]);
  assert.is(renewed.servers, file.servers, 'where the others are is not taken from it');
  assert.is(renew(text, renewed), null, 'it has it already');
  assert.is(renew(`${FILE}version=100000002`, renewed), null);
  assert.is(renew(`${JOINED}version=100000009`, renewed), null, 'other voters');
  assert.is(votersChanged(`${JOINED}version=100000002`, renewed.verifier, 'leader'), null);
  assert.is.not(votersChanged(`${JOINED}version=100000009`, renewed.verifier, 'leader'), null);
});

function treeWith(
  type: typeof OpCode.setData | typeof OpCode.reconfig,
  text: string,
  version: number,
): DataTree {
  const tree = new DataTree();
  const header = { clientHigh: 0, clientLow: 1, cxid: 1, zxid: 9, time: 1, type };
  tree.processTxn(header, { type, path: '/zookeeper/config', data: Buffer.from(text), version });
  return tree;
}

test('text that a client wrote over /zookeeper/config is no configuration: a reconfiguration sets no version', () => {
  const text = `${JOINED}version=100000003`;
  assert.is(configIn(treeWith(OpCode.reconfig, text, -1)), text);
  assert.is(configIn(treeWith(OpCode.setData, text, 0)), null);
  assert.is(configIn(treeWith(OpCode.setData, text, 7)), null);
  assert.is(configIn(new DataTree()), null);
});
