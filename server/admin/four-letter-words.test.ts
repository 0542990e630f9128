import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { WALL_START_MS } from '../runtime/virtual/virtual-clock.ts';
import { sessionIdHex } from '../sessions/session-id.ts';
import { OpCode } from '../wire/opcodes.ts';
import { answerFourLetterWord } from './four-letter-words.ts';
import type { ServerView } from './server-view.ts';

/**
 * The text of each word, field by field, against docs/operations.md "Four-letter words"; the port they come
 * through has tests of its own.
 */
const test = suite('clients: the text of four-letter words');

const EPHEMERAL = 1;

function rig() {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const client = MemoryClient.open(ensemble);
  const { view } = ensemble.server(1);
  const word = (name: string): string => textOf(name, view);
  return { ensemble, client, word, session: sessionIdHex(client.response!.sessionId) };
}

/** The answer in one piece. */
function textOf(name: string, view: ServerView): string {
  const pieces = answerFourLetterWord(name, view);
  return pieces == null ? 'none' : [...pieces].join('');
}

/** "a=1,b=2" as a map, in order. */
function fields(line: string): Map<string, string> {
  const inner = /\((.*)\)/.exec(line)?.[1] ?? '';
  return new Map(inner.split(',').map(pair => pair.split('=') as [string, string]));
}

test('cons: every field of upstream’s line, in its order', () => {
  const { ensemble, client, word, session } = rig();
  client.create('/a', 'data');
  ensemble.machine(1).disk.syncDelayMs = 40;
  client.ask(OpCode.setData, body.setData('/a', 'x'));
  client.ping();
  ensemble.time.advance(10);
  const [line] = word('cons').split('\n');
  assert.match(line!, /^ \/visitor\d+:\d+\[1\]\(/);
  const values = fields(line!);
  const names = 'queued recved sent sid lop est to lcxid lzxid lresp llat minlat avglat maxlat';
  assert.equal([...values.keys()], names.split(' '));
  assert.equal(
    ['queued', 'recved', 'sent', 'sid', 'lop', 'to', 'lcxid', 'lzxid'].map(name => values.get(name)),
    ['0', '4', '4', session, 'PING', '4000', '0x2', '0x3'],
    'a ping does not hide the last request',
  );
  const sinceStartMs = Number(values.get('est')) - WALL_START_MS;
  assert.ok(sinceStartMs >= 0 && sinceStartMs < 60_000, 'established is a time of day');
  assert.ok(Number(values.get('maxlat')) >= 40 && Number(values.get('minlat')) < 40);
  assert.is(values.get('llat'), '0', 'of the ping');
  assert.match(word('cons'), /\)\n\n$/, 'an empty line ends it');
});

test('cons: operations by upstream’s names; after crst there is none', () => {
  const { client, word } = rig();
  const last = (): string | undefined => fields(word('cons').split('\n')[0]!).get('lop');
  assert.is(last(), 'SESS');
  const seen = [
    [OpCode.create, body.create('/a')],
    [OpCode.setData, body.setData('/a', 'x')],
    [OpCode.getChildren, body.read('/a')],
    [OpCode.getData, body.read('/a')],
    [OpCode.exists, body.read('/none')],
    [OpCode.sync, body.path('/')],
    [OpCode.delete, body.delete('/a')],
  ] as const;
  const names = seen.map(([op, write]) => {
    client.ask(op, write);
    return last();
  });
  assert.equal(names, ['CREA', 'SETD', 'GETC', 'GETD', 'EXIS', 'SYNC', 'DELE']);
  word('crst');
  const line = fields(word('cons').split('\n')[0]!);
  assert.equal([line.get('lop'), line.get('lzxid'), line.has('lcxid')], ['NA', '0xffffffffffffffff', false]);
});

test('cons and stat show connections without a session too, and whether the server reads from a client', () => {
  const { ensemble, client, word } = rig();
  ensemble.dial(1, CLIENT_PORT);
  const [own, mute] = word('cons').split('\n');
  assert.match(own!, /\[1\]\(queued=0,.*,sid=0x/);
  assert.match(mute!, /\[1\]\(queued=0,recved=0,sent=0\)$/);
  assert.match(word('stat'), /^Zookeeper version: .*\nClients:\n \/visitor.*\)\n \/visitor.*\)\n\nLatency/);
  ensemble.machine(1).disk.syncDelayMs = 1000;
  for (let i = 0; i < 1100; i++) client.send(OpCode.create, body.create(`/${i}`));
  ensemble.time.advance(10);
  assert.match(word('cons'), /\[0\]\(queued=1001,/);
});

test('crst and srst: the former resets connections, the latter the server', () => {
  const { client, word } = rig();
  client.create('/a');
  const received = (): [string | undefined, string | undefined] => [
    fields(word('cons')).get('recved'),
    /Received: (\d+)/.exec(word('srvr'))?.[1],
  ];
  assert.equal(received(), ['2', '2'], 'the hello too');
  assert.is(word('crst'), 'Connection stats reset.\n');
  assert.equal(received(), ['0', '2']);
  assert.is(word('srst'), 'Server stats reset.\n');
  assert.equal(received(), ['0', '0']);
  client.get('/a');
  assert.equal(received(), ['1', '1']);
});

test('srst forgets the sizes of proposals and of replies', () => {
  const ensemble = new MemoryEnsemble({ voters: 2 }).start();
  const { view } = ensemble.server(ensemble.leader);
  const client = MemoryClient.open(ensemble, ensemble.leader);
  client.create('/a');
  const sizes = (): string[] => [
    /Proposal sizes last.min.max: (.*)/.exec(textOf('srvr', view))![1]!,
    /zk_max_client_response_size\t(.*)/.exec(textOf('mntr', view))![1]!,
  ];
  for (const size of sizes()) assert.match(size, /^\d/);
  textOf('srst', view);
  assert.equal(sizes(), ['-1/-1/-1', '-1']);
  client.create('/b');
  for (const size of sizes()) assert.match(size, /^\d/);
});

test('dump: sessions by expiry, ephemerals by session', () => {
  const { client, word, session } = rig();
  client.create('/mine', '', EPHEMERAL);
  const text = word('dump');
  assert.match(
    text,
    /^SessionTracker dump:\nSession Sets \(1\)\/\(1\):\n1 expire at Mon Jan 01 00:00:\d\d UTC 2024:\n\t0x/,
  );
  assert.ok(
    text.includes(`\nephemeral nodes dump:\nSessions with Ephemerals (1):\n${session}:\n\t/mine\n`),
    text,
  );
  assert.match(
    text,
    /\nConnections dump:\nConnections Sets \(1\)\/\(1\):\n\tip: \/visitor1:\d+ sessionId: 0x\w+\n$/,
  );
});

test('dump of a learner: the sessions of the whole ensemble with their timeouts, and no times of expiry', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  const other = ensemble.sids.find(sid => sid !== ensemble.leader)!;
  const client = MemoryClient.open(ensemble, ensemble.leader);
  client.create('/a');
  ensemble.time.advance(100);
  const text = textOf('dump', ensemble.server(other).view);
  const session = sessionIdHex(client.response!.sessionId);
  assert.match(
    text!,
    new RegExp(`^SessionTracker dump:\\nGlobal Sessions\\(1\\):\\n${session}\\t4000ms\\neph`),
  );
});

test('srvr: an average with the decimals it has, and one at least', () => {
  const { word, client } = rig();
  assert.match(word('srvr'), /^Latency min\/avg\/max: 0\/0\.0\/0$/m);
  client.create('/a');
  assert.match(word('srvr'), /^Latency min\/avg\/max: \d+\/\d+\.\d{1,4}\/\d+$/m);
});

test('conf: the membership comes last, without a final newline', () => {
  const ensemble = new MemoryEnsemble({ voters: 2 }).start();
  assert.match(textOf('conf', ensemble.server(1).view), /\nmembership: \nserver\.1=.*\n.*\nversion=0$/);
});

test('envi: the version first, then what the machine says', () => {
  const { word } = rig();
  assert.match(word('envi'), /^Environment:\nzookeeper\.version=.+\nhost\.name=zk1\n$/);
});

test('gtmk and stmk: a mask of 64 bits, which is kept', () => {
  const { ensemble, word } = rig();
  const { view } = ensemble.server(1);
  assert.is(word('gtmk'), '306');
  const argument = Buffer.from('fffffffffffffffe', 'hex');
  assert.is(answerFourLetterWord('stmk', view, argument.subarray(0, 7)), undefined, 'the rest is on its way');
  assert.equal([...answerFourLetterWord('stmk', view, argument)!], ['-2']);
  assert.is(word('gtmk'), '-2');
  const raw = ensemble.dial(1, CLIENT_PORT);
  raw.write(Buffer.from('stmk'));
  ensemble.time.advance(50);
  assert.is(raw.closed, null);
  raw.write(Buffer.from('0000000000000005', 'hex'));
  raw.untilClosed();
  assert.is(raw.received.toString(), '5');
});

test('wchs counts a connection, and a path, with watches of data and of children once', () => {
  const { client, word } = rig();
  client.create('/a');
  client.ask(OpCode.getData, body.read('/a', true));
  client.ask(OpCode.getChildren, body.read('/a', true));
  client.ask(OpCode.exists, body.read('/later', true));
  assert.is(word('wchs'), '1 connections watching 2 paths\nTotal watches:3\n');
});

test('wchc and wchp: the same watches by session and by path', () => {
  const { ensemble, client, word, session } = rig();
  assert.equal([word('wchc'), word('wchp')], ['\n', '\n']);
  client.create('/a');
  client.ask(OpCode.getData, body.read('/a', true));
  client.ask(OpCode.getChildren, body.read('/a', true));
  client.ask(OpCode.exists, body.read('/later', true));
  const other = MemoryClient.open(ensemble);
  other.ask(OpCode.exists, body.read('/a', true));
  const otherSession = sessionIdHex(other.response!.sessionId);
  assert.is(word('wchc'), `${session}\n\t/a\n\t/later\n${otherSession}\n\t/a\n\n`);
  assert.is(word('wchp'), `/a\n\t${session}\n\t${otherSession}\n/later\n\t${session}\n\n`);
  client.raw.destroy();
  ensemble.time.advance(10);
  assert.is(word('wchc'), `${otherSession}\n\t/a\n\n`);
});

test('hash: one line per entry of the digest history; none before 128 transactions', () => {
  const { client, word } = rig();
  assert.is(word('hash'), '');
  client.create('/a');
  for (let i = 0; i < 128; i++) client.ask(OpCode.setData, body.setData('/a', `${i}`));
  assert.match(word('hash'), /^80: \d+\n$/);
});

test('an unknown word is left to be read as a frame', () => {
  const { word } = rig();
  for (const name of ['nope', 'RUOK', 'srv\n', '\0\0\0,', 'toSt']) assert.is(word(name), 'none');
});
