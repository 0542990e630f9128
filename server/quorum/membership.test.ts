/** Members that have seen another configuration elect by it from that moment on. */
import { assert, suite } from '#test';
import { QuorumMaj } from '../membership/quorum-maj.ts';
import { MemoryClient } from '../memory-client.test-kit.ts';
import { MemoryEnsemble } from '../memory-ensemble.test-kit.ts';

const test = suite('quorum: members and the configurations that decide');

function peer(ensemble: MemoryEnsemble, sid: number) {
  return ensemble.server(sid).view.peer!;
}

/**
 * Puts a member into the state after a reconfiguration that only `sid` heard of: the members stay, and only
 * these vote.
 */
function see(ensemble: MemoryEnsemble, sid: number, voters: readonly number[]): void {
  const { membership } = peer(ensemble, sid);
  const { servers } = membership.committed;
  const text = `voters=${voters}\nversion=500000000`;
  const verifier = new QuorumMaj({ version: 0x5_0000_0000, text, voters, observers: [] });
  membership.see({ servers, verifier });
}

function elects(ensemble: MemoryEnsemble, sid: number): boolean {
  return peer(ensemble, sid).role !== null;
}

test('the next election needs a quorum of the configuration that was seen last; its leader puts it in force', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).start();
  ensemble.kill(3);
  ensemble.wait(() => [1, 2].every(sid => elects(ensemble, sid)), 'two of three to elect');
  for (const sid of [1, 2]) see(ensemble, sid, [3]);
  ensemble.kill(1);
  ensemble.boot(1);
  see(ensemble, 1, [3]);
  ensemble.wait(() => !elects(ensemble, 2), 'the leader to lose its quorum');
  ensemble.time.advance(10_000);
  assert.not(elects(ensemble, 1) || elects(ensemble, 2), 'two of the three, and nobody of the next');
  ensemble.boot(3);
  see(ensemble, 3, [3]);
  ensemble.wait(() => ensemble.leader > 0, 'a leader');
  assert.is(MemoryClient.open(ensemble, ensemble.leader).create('/a').err, 0);
  assert.is(peer(ensemble, ensemble.leader).membership.committed.verifier.version, 0x5_0000_0000);
});

test('a configuration that is seen during an election counts in that election', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).boot(1);
  see(ensemble, 1, [3]);
  ensemble.boot(2);
  see(ensemble, 2, [3]);
  ensemble.time.advance(10_000);
  assert.not(elects(ensemble, 1) || elects(ensemble, 2));
});
