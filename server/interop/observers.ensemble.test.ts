/**
 * Observers across implementations: on the leader's quorum port and on the observerMasterPort of a follower.
 * Writes through an observer, its syncs, sessions, watches and its restart go the same way in all of them.
 */
import { assert, suite, until } from '#test';
import { type Ensemble, type MemberPlan, ofRelease, withEnsemble } from './ensemble.test-kit.ts';
import { apache, type Implementation, RELEASES, requireApache } from './member.test-kit.ts';
import { EPHEMERAL, isRefused } from './zk-client.test-kit.ts';

const test = suite('interop: observers');
const DEADLINE = { deadlineMs: 400_000 };
const OBSERVER = 4;
const MASTER_PORT = 2889;
const BURST = 140;

async function observerServes(ensemble: Ensemble): Promise<void> {
  const voter = await ensemble.client(1);
  const watcher = await ensemble.client(OBSERVER);
  assert.is(await ensemble.member(OBSERVER).mode(), 'observer');

  assert.is(await watcher.exists('/by-voter', true), null);
  await voter.create('/by-voter', 'v');
  await until(() => watcher.events.includes('1 /by-voter'), {
    deadlineMs: 60_000,
    what: 'the event at the observer',
  });
  await watcher.sync();
  assert.is(await watcher.get('/by-voter'), 'v');

  await watcher.create('/by-observer', 'o', EPHEMERAL);
  await voter.sync();
  const stat = await voter.exists('/by-observer');
  assert.is(stat?.ephemeralOwner, watcher.session.sessionId);

  // The leader answers this through the observer and, if there is one, the observer's master.
  const again = await ensemble.client(OBSERVER, { session: watcher.session });
  await until(() => watcher.closed, {
    deadlineMs: 60_000,
    what: 'the older connection of the session to be closed',
  });
  assert.is(await again.get('/by-observer'), 'o');
  // For this Apache's server drops the connection of the session itself, so the session must be one that
  // nobody needs any more.
  const guessed = { sessionId: watcher.session.sessionId + 1n, password: Buffer.alloc(16) };
  await isRefused(() => ensemble.client(OBSERVER, { session: guessed }));

  await Promise.all(Array.from({ length: BURST }, (_, n) => again.create(`/burst-${n}`)));
  await voter.sync();
  assert.is((await voter.children('/')).filter(name => name.startsWith('burst-')).length, BURST);
  assert.ok((await ensemble.agrees()) > 0, 'digests were compared');

  await ensemble.member(OBSERVER).kill();
  await voter.create('/while-away', 'w');
  await ensemble.start(OBSERVER);
  const back = await ensemble.client(OBSERVER, { session: again.session });
  await back.sync();
  assert.is(await back.get('/while-away'), 'w');
  await back.close();
  await voter.sync();
  assert.is(await voter.exists('/by-observer'), null);
  await ensemble.agrees();
}

/** Checks that the observer of one implementation survives the loss of its leader of the other. */
async function survivesItsMaster(ensemble: Ensemble): Promise<void> {
  const observer = await ensemble.client(OBSERVER);
  await observer.create('/lasts', 'l', EPHEMERAL);
  const session = observer.session;
  await (await ensemble.leader()).kill();
  await ensemble.leader();
  const renewed = async () => {
    const client = await ensemble.client(OBSERVER, { session });
    // The observer may not have noticed yet that its master is gone.
    await client.sync();
    return client;
  };
  const moved = await until(renewed, {
    deadlineMs: 60_000,
    what: 'the observer to renew the session',
    intervalMs: 100,
  });
  assert.is(await moved.get('/lasts'), 'l');
  await moved.create('/after', 'a');
  await moved.close();
  await ensemble.agrees();
}

function plansOf(voters: Implementation, observer: Implementation): MemberPlan[] {
  return [{ is: voters }, { is: voters }, { is: voters }, { is: observer, observer: true }];
}

for (const [voters, observer] of [
  ['zklab', 'apache'],
  ['apache', 'zklab'],
] as const) {
  test(
    `an observer of ${observer} behind a leader of ${voters}: ours asks for proposals, and Apache's leader sends INFORM (000-8, 004-14)`,
    async () => {
      requireApache();
      const body = async (ensemble: Ensemble) => {
        await ensemble.start();
        await observerServes(ensemble);
        await survivesItsMaster(ensemble);
      };
      await withEnsemble(plansOf(voters, observer), body, ['observer.proposals.enabled=true']);
    },
    DEADLINE,
  );

  for (const release of RELEASES) {
    test(
      `an observer of ${observer} behind an observer master of ${voters}: ${apache(release)}`,
      async () => {
        requireApache(release);
        const body = async (ensemble: Ensemble) => {
          await ensemble.start();
          await observerServes(ensemble);
          await survivesItsMaster(ensemble);
        };
        await withEnsemble(ofRelease(release, plansOf(voters, observer)), body, [
          `observerMasterPort=${MASTER_PORT}`,
        ]);
      },
      DEADLINE,
    );
  }
}
