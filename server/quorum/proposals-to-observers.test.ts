/** Whole ensembles in virtual time whose observers hear proposals (ZOOKEEPER-368, option 2; row 000-8). */
import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { lineOf, type MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeReconfigRequest } from '../wire/requests.ts';
import {
  OBSERVER,
  openReader,
  readOnlyEnsemble,
  restoreQuorum,
  untilReadOnly,
  VOTERS,
} from './read-only-observer.test-kit.ts';

const test = suite('quorum: ensembles whose observers hear proposals');

const HEARS = { 'observer.proposals.enabled': 'true' };
/** How long the slow disks of these tests hold a proposal back. */
const SLOW_DISK_MS = 3_000;

const hears = (ensemble: MemoryEnsemble, sid: number) =>
  ensemble.events.get(sid)!.some(event => event.kind === 'synced' && event.hearsProposals);

function zxidsOf(ensemble: MemoryEnsemble): { logged: number; applied: number } {
  const { database } = ensemble.server(OBSERVER);
  return { logged: database.lastLoggedZxid, applied: database.lastProcessedZxid };
}

for (const [where, settings] of [
  ['at the leader', {}],
  ['behind a master', { observerMasterPort: 2191 }],
] as const) {
  test(`${where}: before its COMMIT, a proposal is in no log, no tree and no answer, also when its leader is lost`, () => {
    const ensemble = readOnlyEnsemble({ ...HEARS, ...settings });
    assert.ok(hears(ensemble, OBSERVER));
    const writer = MemoryClient.open(ensemble, ensemble.leader);
    assert.is(writer.create('/committed').err, ErrorCode.OK);
    const reader = openReader(ensemble);
    ensemble.wait(() => reader.get('/committed') === '', 'the observer to show the write');
    const before = zxidsOf(ensemble);

    for (const sid of VOTERS) ensemble.machine(sid).disk.syncDelayMs = SLOW_DISK_MS;
    writer.send(OpCode.create, body.create('/proposed'));
    const { metrics } = ensemble.server(OBSERVER);
    const heard = metrics.counter('learner_proposal_received_count').value;
    ensemble.wait(() => metrics.counter('learner_proposal_received_count').value > heard, 'the proposal');
    assert.equal(zxidsOf(ensemble), before);
    assert.is(reader.get('/proposed'), ErrorCode.NONODE);

    for (const sid of VOTERS) ensemble.kill(sid, 'power');
    untilReadOnly(ensemble);
    assert.equal(zxidsOf(ensemble), before);
    assert.is(reader.get('/proposed'), ErrorCode.NONODE);
    for (const sid of VOTERS) ensemble.machine(sid).disk.syncDelayMs = 0;
    restoreQuorum(ensemble);
    // Whether the proposal is committed in the end is for the next leader to say.
    assert.is(MemoryClient.open(ensemble, OBSERVER).create('/after').err, ErrorCode.OK);
  });
}

test('an observer that hears proposals is promoted by a reconfiguration, and another one hears of it', () => {
  const ensemble = readOnlyEnsemble({ ...HEARS, reconfigEnabled: 'true', skipACL: 'yes' });
  const operator = MemoryClient.open(ensemble, ensemble.leader);
  const joining = `server.${OBSERVER}=${lineOf(OBSERVER)};2181`;
  const { err } = operator.ask(OpCode.reconfig, w =>
    writeReconfigRequest(w, { joining, leaving: null, newMembers: null, curConfigId: -1 }),
  );
  assert.is(err, ErrorCode.OK);
  ensemble.wait(() => ensemble.server(OBSERVER).view.serving?.mode === 'follower', 'the new voter');
  const other = MemoryClient.open(ensemble, OBSERVER + 1);
  ensemble.wait(
    () => String(other.get('/zookeeper/config')).includes(joining.split(';')[0]!),
    'the other observer',
  );
  assert.is(operator.create('/after').err, ErrorCode.OK);
  ensemble.wait(() => other.get('/after') === '', 'the write at the other observer');
});
