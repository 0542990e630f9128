/** Upstream's read-only server, on members that have no quorum. @see docs/read-only.md */
import { assert, suite } from '#test';
import { answerFourLetterWord } from '../admin/four-letter-words.ts';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { modeOf, READ_ONLY } from './read-only-observer.test-kit.ts';

const test = suite('quorum: upstream’s read-only mode');

const { OK, NOTREADONLY } = ErrorCode;
const ALONE = 1;
const OTHERS = [2, 3];
const LOOKING_MS = 2000;

function aloneWith(settings: Readonly<Record<string, string>> = {}): MemoryEnsemble {
  const ensemble = new MemoryEnsemble({
    voters: 3,
    settings: { 'readonlymode.enabled': 'true', localSessionsEnabled: 'true', ...settings },
  }).start();
  assert.is(MemoryClient.open(ensemble, ALONE).create('/a', 'x').err, OK);
  for (const sid of OTHERS) ensemble.kill(sid);
  ensemble.wait(() => modeOf(ensemble, ALONE) === undefined, 'the loss of the quorum');
  return ensemble;
}

const untilReadOnly = (ensemble: MemoryEnsemble): void =>
  ensemble.wait(() => modeOf(ensemble, ALONE) === 'read-only', 'the read-only server');

const untilServes = (ensemble: MemoryEnsemble): void =>
  ensemble.wait(
    () => ['leader', 'follower'].includes(modeOf(ensemble, ALONE) ?? ''),
    'the member to serve again',
  );

const wordOf = (ensemble: MemoryEnsemble, word: string): string =>
  [...answerFourLetterWord(word, ensemble.server(ALONE).view)!].join('');

const isro = (ensemble: MemoryEnsemble): string => wordOf(ensemble, 'isro');

test('ZOOKEEPER-704, 784: a member that has looked for a leader for two seconds serves read-only clients, and no others', () => {
  const ensemble = aloneWith();
  ensemble.time.advance(LOOKING_MS - 500);
  assert.is(MemoryClient.open(ensemble, ALONE, READ_ONLY).response, null);
  assert.is(isro(ensemble), 'null');
  untilReadOnly(ensemble);
  assert.is(isro(ensemble), 'ro');
  assert.is(MemoryClient.open(ensemble, ALONE, { readOnly: false }).response, null);
  const client = MemoryClient.open(ensemble, ALONE, READ_ONLY);
  assert.is(client.response?.readOnly, true);
  assert.is(client.get('/a'), 'x');
  assert.is(client.ask(OpCode.getChildren2, body.read('/')).err, OK);
  assert.is(client.create('/b').err, NOTREADONLY);
  assert.is(client.ask(OpCode.setData, body.setData('/a', 'y')).err, NOTREADONLY);
  assert.is(client.ask(OpCode.sync, body.path('/')).err, NOTREADONLY);
  assert.is(client.ask(OpCode.closeSession).err, OK);
});

test('its clients are closed when there is a leader, and come back with their local sessions', () => {
  const ensemble = aloneWith();
  untilReadOnly(ensemble);
  const client = MemoryClient.open(ensemble, ALONE, READ_ONLY);
  ensemble.boot(...OTHERS);
  client.raw.untilClosed();
  untilServes(ensemble);
  const { sessionId, password } = client.response!;
  const back = MemoryClient.open(ensemble, ALONE, { ...READ_ONLY, sessionId, password });
  assert.is(back.response?.sessionId, sessionId);
  assert.is(back.response?.readOnly, false);
  assert.is(back.create('/b').err, OK);
});

test('ZOOKEEPER-3863, 3864: a read-only server opens local sessions alone: without them a client is closed, and gets no wrong frame', () => {
  const ensemble = aloneWith({ localSessionsEnabled: 'false' });
  untilReadOnly(ensemble);
  const client = MemoryClient.open(ensemble, ALONE, READ_ONLY);
  assert.is(client.response, null);
  assert.equal(client.frames, []);
  assert.ok(ensemble.messages(ALONE, 'warn').some(line => line.includes('localSessionsEnabled')));
});

test('a global session is closed without an answer: it may live on elsewhere', () => {
  const ensemble = aloneWith({ localSessionsUpgradingEnabled: 'true' });
  const { database } = ensemble.server(ALONE);
  untilReadOnly(ensemble);
  assert.is(database.sessionTimeouts.size, 0);
  ensemble.boot(...OTHERS);
  untilServes(ensemble);
  const owner = MemoryClient.open(ensemble, ALONE, READ_ONLY);
  assert.is(owner.create('/mine', '', 1).err, OK);
  for (const sid of OTHERS) ensemble.kill(sid);
  untilReadOnly(ensemble);
  const { sessionId, password } = owner.response!;
  assert.is(MemoryClient.open(ensemble, ALONE, { ...READ_ONLY, sessionId, password }).response, null);
});

test('without readonlymode.enabled, as by default, a member without a quorum serves nobody', () => {
  const ensemble = aloneWith({ 'readonlymode.enabled': 'false' });
  ensemble.time.advance(3 * LOOKING_MS);
  assert.is(modeOf(ensemble, ALONE), undefined);
  assert.is(MemoryClient.open(ensemble, ALONE, READ_ONLY).response, null);
});

test('srvr and mntr say for how long the member has looked for a leader', () => {
  const ensemble = aloneWith();
  untilReadOnly(ensemble);
  ensemble.time.advance(3000);
  assert.match(wordOf(ensemble, 'srvr'), /\nRead-only for: 5\d\d\d ms\n/);
  assert.match(wordOf(ensemble, 'mntr'), /zk_read_only_ms\t5\d\d\d\n/);
  ensemble.boot(...OTHERS);
  untilServes(ensemble);
  assert.match(wordOf(ensemble, 'mntr'), /zk_read_only_ms\t0\n/);
});

test('its end is an event as its beginning is, with its age and why the clients are closed', () => {
  const ensemble = aloneWith();
  untilReadOnly(ensemble);
  ensemble.time.advance(3000);
  ensemble.boot(...OTHERS);
  untilServes(ensemble);
  const told = ensemble.events.get(ALONE)!.filter(({ kind }) => kind.startsWith('readOnly'));
  assert.equal(
    told.map(({ kind }) => kind),
    ['readOnlyBegins', 'readOnlyEnds'],
  );
  const end = told[1]!;
  assert.ok(end.kind === 'readOnlyEnds' && end.reason === 'a leader was elected' && end.ageMs >= 5000);
});
