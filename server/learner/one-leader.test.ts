/** A learner has one leader at a time, and only that leader changes its history. */
import { assert, suite } from '#test';
import { MemoryEnsemble, nameOf, QUORUM_PORT } from '../memory-ensemble.test-kit.ts';
import { createPacket } from '../storage/storage.test-kit.ts';
import { PacketType } from '../wire/quorum-packet.ts';
import { Stage } from '../zab/peer.test-kit.ts';
import { acked, assertEnded, discover, e1, e2, NEWLEADER_ZXID, OLD, serve } from './learner.test-kit.ts';

const test = suite('quorum: one leader for each learner');

const { PROPOSAL, COMMIT, INFORM, COMMITANDACTIVATE, DIFF, NEWLEADER } = PacketType;

test('002-8: through five leaders, lost by a crash, a cut or silence, no learner ever has two connections to leaders', () => {
  const observers = 2;
  const ensemble = new MemoryEnsemble({ voters: 5, observers, seed: '002-8' }).start();
  const { network, time } = ensemble;
  let most = 0;
  let samples = 0;
  const toLeaders = (sid: number): number =>
    ensemble.sids
      .flatMap(other => network.find(nameOf(sid))?.connectionsTo(nameOf(other)) ?? [])
      .filter(({ remote }) => remote.port === QUORUM_PORT).length;
  const watched = (condition: () => boolean): boolean => {
    for (const sid of ensemble.sids) most = Math.max(most, toLeaders(sid));
    samples++;
    return condition();
  };
  const others = (sid: number) => ensemble.sids.filter(other => other !== sid);
  for (const how of ['kill', 'cut', 'oneWay', 'silence', 'kill'] as const) {
    const { leader } = ensemble;
    if (how === 'kill') ensemble.kill(leader);
    for (const other of how === 'kill' ? [] : others(leader)) {
      if (how === 'silence') network.swallow(nameOf(leader), nameOf(other));
      else network.cut(nameOf(leader), nameOf(other), 'blackhole');
      if (how === 'cut') network.cut(nameOf(other), nameOf(leader), 'blackhole');
    }
    const rest = others(leader);
    ensemble.wait(
      () =>
        watched(
          () =>
            rest.some(sid => sid !== leader && ensemble.server(sid).view.leaderServer !== null) &&
            rest.every(sid => ensemble.server(sid).view.serving !== null),
        ),
      `another leader after ${how}`,
    );
    network.healAll();
    for (const sid of ensemble.sids) network.giveUpSwallowed(nameOf(leader), nameOf(sid));
    if (how === 'kill') ensemble.boot(leader);
    ensemble.wait(
      () => watched(() => ensemble.sids.every(sid => ensemble.server(sid).view.serving !== null)),
      `all to serve after ${how}`,
    );
    const endMs = time.nowMs + 2000;
    ensemble.wait(() => watched(() => time.nowMs >= endMs), 'two more seconds');
  }
  assert.is(most, 1);
  assert.ok(samples > 1000, `${samples} looks`);
});

const historyOf = ({ database }: Stage) => [database.lastLoggedZxid, database.lastProcessedZxid];

for (const role of ['follower', 'observer'] as const) {
  test(`002-9: before the leader has said how it syncs, no packet changes the history of a ${role}`, () => {
    for (const type of [PROPOSAL, COMMIT, INFORM, COMMITANDACTIVATE]) {
      const play = acked(discover(role));
      const before = historyOf(play.stage);
      if (type === PROPOSAL || type === INFORM) play.master.sendTxn(type, createPacket(e1(4)));
      else play.master.send(type, e1(4));
      assertEnded(play, /where DIFF, TRUNC or SNAP was expected$/);
      assert.equal(historyOf(play.stage), before);
      play.stage.powerCycle();
      assert.equal(historyOf(play.stage), before, 'on disk too');
    }
  });

  test(`002-9: a ${role} whose leader is lost keeps its history until another leader says otherwise`, () => {
    const play = serve(role);
    const before = historyOf(play.stage);
    play.master.destroy();
    play.stage.wait(() => play.stage.ended !== null, 'the learner to leave');
    play.stage.time.advance(60_000);
    assert.equal(historyOf(play.stage), before);
    const again = acked(discover(role, { stage: play.stage, newEpoch: 3 }));
    assert.equal(historyOf(again.stage), before);
  });
}

test('002-10: what a learner has when it introduces itself is what it has when it accepts the epoch, however long that takes', () => {
  const stage = new Stage({ sid: 2 }).history(OLD, 1);
  const before = historyOf(stage);
  const play = discover('follower', {
    stage,
    introduced: master => {
      // Nobody else can change its history in between: its ports are closed.
      for (const port of [2888, 3888]) assert.throws(() => stage.dial(port), /ECONNREFUSED/);
      stage.time.advance(1500);
      assert.equal(master.told(), []);
      assert.equal(historyOf(stage), before);
    },
  });
  assert.equal(play.master.told(), [`ACKEPOCH 0x${e1(3).toString(16)}`]);
  assert.equal(historyOf(stage), before);
  play.master
    .send(DIFF, e1(3))
    .sendTxn(PROPOSAL, createPacket(e2(1)))
    .send(NEWLEADER, NEWLEADER_ZXID);
  play.master.told();
  assert.equal(historyOf(stage), before, 'what is proposed is no part of it before UPTODATE');
});
