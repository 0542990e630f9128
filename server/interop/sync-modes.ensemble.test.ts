/**
 * How a returning member is brought up to date between Apache's servers and ours, in both directions. The
 * evidence is what the learner itself reports, besides its data: after a SNAP all data would look right too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, until } from '#test';
import { type Ensemble, ofRelease, withEnsemble } from './ensemble.test-kit.ts';
import { apache, type Implementation, type Member, RELEASES, requireApache } from './member.test-kit.ts';
import type { ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: DIFF, TRUNC and SNAP');
const DEADLINE = { deadlineMs: 400_000 };
/** Apache keeps at least 500 transactions in memory, whatever commitLogCount says. */
const COMMIT_LOG_COUNT = 500;
const BIG_NODES = 50;
const BIG_NODE_BYTES = 400_000;
const BIG_NODES_OF_SNAPSHOT = 6;
const SNAP_COUNT = 200;
const BEYOND_MEMORY = COMMIT_LOG_COUNT + 20;
const SETTINGS = [`commitLogCount=${COMMIT_LOG_COUNT}`];

type SyncMode = 'DIFF' | 'TRUNC' | 'SNAP';

const SAID: Readonly<Record<Implementation, Readonly<Record<SyncMode, RegExp>>>> = {
  apache: {
    DIFF: /Getting a diff from the leader/,
    TRUNC: /Truncating log to get in sync with the leader/,
    SNAP: /Getting a snapshot from leader/,
  },
  zklab: {
    DIFF: /the master sends a DIFF/,
    TRUNC: /the master sends a TRUNC/,
    SNAP: /the master sends a SNAP/,
  },
};

async function write(client: ZkClient, prefix: string, count: number): Promise<void> {
  await client.create(`/${prefix}`);
  await Promise.all(
    Array.from({ length: count }, (_, n) => client.create(`/${prefix}/${n}`, `${prefix} ${n}`)),
  );
}

/** Starts the member, and returns how it was synced. */
async function syncOf(ensemble: Ensemble, member: Member): Promise<SyncMode[]> {
  const before = member.log.length;
  await ensemble.start(member.sid);
  const said = member.log.slice(before);
  const modes = Object.entries(SAID[member.implementation]) as [SyncMode, RegExp][];
  return modes.filter(([, words]) => words.test(said)).map(([mode]) => mode);
}

async function sees(ensemble: Ensemble, sid: number, prefix: string, count: number): Promise<void> {
  const client = await ensemble.client(sid);
  await client.sync();
  assert.is((await client.children(`/${prefix}`)).length, count, `children of /${prefix} at member ${sid}`);
  await client.close();
}

function logHolds(member: Member, text: string): boolean {
  const files = readdirSync(member.dataFolder).filter(name => name.startsWith('log.'));
  return files.some(name => readFileSync(join(member.dataFolder, name)).includes(text));
}

/**
 * Leaves `leader` with a transaction that nobody else has: its followers are frozen, so that they read no
 * proposal, and are killed in that state.
 */
async function leaveTail(ensemble: Ensemble, leader: Member, path: string): Promise<void> {
  const followers = ensemble.running.filter(member => member !== leader);
  const client = await ensemble.client(leader.sid);
  // So far only a quorum may have the client's session, and a follower that has it would lead the other one.
  await ensemble.agrees();
  for (const follower of followers) await follower.pause();
  const never = client.create(path).then(
    () => assert.unreachable('committed without a quorum'),
    () => 'connection lost',
  );
  await until(() => logHolds(leader, path), {
    deadlineMs: 60_000,
    what: `${path} in the log of ${leader.sid}`,
  });
  for (const member of [leader, ...followers]) await member.kill();
  await never;
}

for (const [master, learner] of [
  ['zklab', 'apache'],
  ['apache', 'zklab'],
] as const) {
  const plans = [{ is: master }, { is: learner }, { is: master }] as const;

  for (const release of RELEASES) {
    test(
      `${learner} behind a leader of ${master}, ${apache(release)}: TRUNC of a tail that was never committed, DIFF, SNAP`,
      async () => {
        requireApache(release);
        const settings = [...SETTINGS, 'snapshotSizeFactor=-1'];
        await withEnsemble(
          ofRelease(release, plans),
          async ensemble => {
            const [, returning] = [...ensemble.members.values()];
            assert.ok(returning !== undefined);
            await ensemble.startLedBy(2);
            const first = await ensemble.client(2);
            await write(first, 'first', 10);
            await first.close();
            await ensemble.agrees();

            await leaveTail(ensemble, returning, '/tail');
            await ensemble.start(1, 3);
            assert.is((await ensemble.leader()).sid, 3);
            assert.equal(await syncOf(ensemble, returning), ['TRUNC']);
            await sees(ensemble, 2, 'first', 10);
            const after = await ensemble.client(2);
            assert.is(await after.exists('/tail'), null);
            await after.close();
            await ensemble.agrees();

            await returning.kill();
            const second = await ensemble.client(3);
            await write(second, 'second', 5);
            assert.equal(await syncOf(ensemble, returning), ['DIFF']);
            await sees(ensemble, 2, 'second', 5);
            await ensemble.agrees();

            await returning.kill();
            await write(second, 'third', BEYOND_MEMORY);
            assert.equal(await syncOf(ensemble, returning), ['SNAP']);
            await sees(ensemble, 2, 'third', BEYOND_MEMORY);
            await write(second, 'fourth', 128);
            assert.ok((await ensemble.agrees()) > 0, 'digests were compared');

            await returning.kill();
            assert.equal(await syncOf(ensemble, returning), ['DIFF']);
            await sees(ensemble, 2, 'fourth', 128);
            await ensemble.agrees();
          },
          settings,
        );
      },
      DEADLINE,
    );
  }

  test(
    `${learner} behind a leader of ${master}: DIFF from the leader's disk; SNAP when its tail is of another epoch`,
    async () => {
      requireApache();
      // A factor above 1 is not accepted. So the logs must be smaller than the snapshot, which is made large.
      // It is taken amid writes.
      const settings = [...SETTINGS, 'snapshotSizeFactor=1', `snapCount=${SNAP_COUNT}`, 'preAllocSize=64'];
      await withEnsemble(
        plans,
        async ensemble => {
          const [, returning] = [...ensemble.members.values()];
          assert.ok(returning !== undefined);
          await ensemble.startLedBy(2);
          const first = await ensemble.client(1);
          for (let n = 0; n < BIG_NODES_OF_SNAPSHOT; n++)
            await first.create(`/big-${n}`, 'x'.repeat(BIG_NODE_BYTES));
          await write(first, 'first', SNAP_COUNT);
          await first.close();

          await leaveTail(ensemble, returning, '/tail');
          await ensemble.start(1, 3);
          const second = await ensemble.client(3);
          await write(second, 'second', 5);
          assert.equal(await syncOf(ensemble, returning), ['SNAP']);
          const after = await ensemble.client(2);
          assert.is(await after.exists('/tail'), null);
          await after.close();

          await returning.kill();
          await write(second, 'third', BEYOND_MEMORY);
          assert.equal(await syncOf(ensemble, returning), ['DIFF']);
          await sees(ensemble, 2, 'third', BEYOND_MEMORY);
          await write(second, 'fourth', 128);
          await ensemble.agreesInTheEnd();
        },
        settings,
      );
    },
    DEADLINE,
  );

  test(
    `${learner} takes a snapshot of many megabytes from ${master}`,
    async () => {
      requireApache();
      await withEnsemble(
        plans,
        async ensemble => {
          await ensemble.start(1, 3);
          const client = await ensemble.client(3);
          const big = (n: number) => String(n).repeat(BIG_NODE_BYTES).slice(0, BIG_NODE_BYTES);
          for (let n = 0; n < BIG_NODES; n++) await client.create(`/big-${n}`, big(n));
          const joining = ensemble.member(2);
          assert.equal(await syncOf(ensemble, joining), ['SNAP']);
          const reader = await ensemble.client(2);
          for (let n = 0; n < BIG_NODES; n++)
            assert.ok((await reader.get(`/big-${n}`)) === big(n), `/big-${n}`);
          await reader.close();
          await client.close();
          await ensemble.agrees();
          // What came over the wire is on its disk, too.
          await joining.kill();
          await ensemble.start(2);
          await ensemble.agrees();
        },
        [...SETTINGS, 'forceSnapshotSync=true'],
      );
    },
    DEADLINE,
  );
}
