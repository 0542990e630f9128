/** Row 003-1 of docs/statements.md: what read-only observers share with upstream's read-only server. */
import { assert, suite } from '#test';
import { answerFourLetterWord } from '../admin/four-letter-words.ts';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { modeOf, READ_ONLY } from './read-only-observer.test-kit.ts';

const test = suite('quorum: read-only observers and upstream’s read-only server');

const [VOTER, OBSERVER] = [1, 4];
const OTHERS = [2, 3];

/** An ensemble without a quorum: a voter in upstream's mode, and an observer that keeps its readers. */
function withoutQuorum(): { ensemble: MemoryEnsemble; before: MemoryClient[] } {
  const ensemble = new MemoryEnsemble({
    voters: 3,
    observers: 1,
    settings: {
      'readonlymode.enabled': 'true',
      'observer.readOnly.enabled': 'true',
      localSessionsEnabled: 'true',
    },
  }).start();
  const before = [VOTER, OBSERVER].map(sid => MemoryClient.open(ensemble, sid, READ_ONLY));
  assert.is(before[0]!.create('/a', 'x').err, ErrorCode.OK);
  for (const sid of OTHERS) ensemble.kill(sid);
  for (const sid of [VOTER, OBSERVER])
    ensemble.wait(() => modeOf(ensemble, sid) === 'read-only', `member ${sid} to be read-only`);
  return { ensemble, before };
}

/** What a client of that member gets on the wire, and what an operator is shown. */
function shownBy(ensemble: MemoryEnsemble, sid: number) {
  const client = MemoryClient.open(ensemble, sid, READ_ONLY);
  const word = (name: string) => [...answerFourLetterWord(name, ensemble.server(sid).view)!].join('');
  return {
    readOnlyByte: client.response?.readOnly,
    read: client.get('/a'),
    write: client.ask(OpCode.setData, body.setData('/a', 'y')).err,
    sync: client.ask(OpCode.sync, body.path('/')).err,
    others: MemoryClient.open(ensemble, sid, { readOnly: false }).response,
    isro: word('isro'),
    mode: /\nMode: (.*)\n/.exec(word('srvr'))?.[1],
    closed: client.ask(OpCode.closeSession).err,
  };
}

test('003-1: an observer says on the wire what the read-only server of ZOOKEEPER-704 says: the byte, NOTREADONLY, isro', () => {
  const { ensemble } = withoutQuorum();
  const shown = shownBy(ensemble, OBSERVER);
  assert.equal(shown, {
    readOnlyByte: true,
    read: 'x',
    write: ErrorCode.NOTREADONLY,
    sync: ErrorCode.NOTREADONLY,
    others: null,
    isro: 'ro',
    mode: 'read-only',
    closed: ErrorCode.OK,
  });
  assert.equal(shownBy(ensemble, VOTER), shown);
});

test('003-1: the observer keeps its clients, and the read-only server of ZOOKEEPER-704 closes them', () => {
  const { before } = withoutQuorum();
  const [ofVoter, ofObserver] = before;
  ofVoter!.raw.untilClosed();
  assert.is(ofObserver!.raw.closed, null);
  assert.is(ofObserver!.get('/a'), 'x');
});
