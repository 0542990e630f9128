import { assert, suite } from '#test';
import { JointQuorum } from '../membership/joint-quorum.ts';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import { QuorumWait } from './quorum-wait.ts';

const test = suite('quorum: waiting for a quorum');

test('B5: a waiter that leaves is neither called nor kept', () => {
  const verifier = new QuorumMaj({ version: 0, text: '', voters: [1, 2, 3], observers: [] });
  const wait = new QuorumWait(1, { quorum: new JointQuorum(verifier) });
  const called: string[] = [];
  const [stays, goes] = [{}, {}];
  wait.whenDone(stays, () => void called.push('stays'));
  wait.whenDone(goes, () => void called.push('goes'));
  wait.forget(goes);
  wait.finish();
  wait.whenDone(goes, () => void called.push('late'));
  assert.equal(called, ['stays', 'late']);
});
