/**
 * Members change their roles while clients write at all of them: no acknowledged write is lost, all trees are
 * the same, clients that watch the configuration hear of each change once, and clients whose member and
 * leader stay lose neither a request nor their connection.
 */
import { assert, suite, until } from '#test';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import {
  APACHE_LEADS,
  type Change,
  isEverywhere,
  OURS_ALONE,
  OURS_LEADS,
  putClientPortsIntoServerLines,
  RECONFIG_SETTINGS,
  reconfigure,
  serverLine,
  serverLines,
  superClient,
  watchConfig,
} from './reconfig.test-kit.ts';
import { Writers } from './writers.test-kit.ts';

const test = suite('interop: reconfigurations under load');
const DEADLINE = { deadlineMs: 400_000 };
const LEADER = 3;
const WRITES_BETWEEN = 100;
/** With this snapCount, snapshots are taken in the middle of the run. */
const SETTINGS = [...RECONFIG_SETTINGS, 'snapCount=1000'];

/**
 * Repeats the request when the connection is lost before the answer, because a change that is made twice
 * leaves the same members.
 */
async function changed(ensemble: Ensemble, change: Change): Promise<void> {
  await until(
    async () => {
      const { sid } = await ensemble.leader();
      const admin = await superClient(ensemble, sid);
      const { code } = await reconfigure(admin, change);
      admin.destroy();
      return code === 'OK';
    },
    { deadlineMs: 60_000, what: JSON.stringify(change), intervalMs: 50 },
  );
}

/** Reads and writes on one connection until it is stopped, which throws if any of them failed. */
async function steady(ensemble: Ensemble, sid: number): Promise<() => Promise<void>> {
  const client = await ensemble.client(sid);
  const path = await client.create(`/steady-${sid}`);
  let stopped = false;
  const load = async () => {
    for (let n = 0; !stopped; n++) {
      await client.set(path, String(n));
      assert.is(await client.get(path), String(n), `its own write at member ${sid}`);
    }
  };
  const running = load();
  running.catch(() => {});
  return async () => {
    stopped = true;
    await running;
  };
}

for (const { name, members } of [OURS_ALONE, APACHE_LEADS, OURS_LEADS]) {
  test(
    `${name}: promotions, demotions, removals and a killed leader lose no acknowledged write`,
    async () => {
      requireApache();
      const plans = members.map((is, i) => ({ is, observer: i >= 3 }));
      await withEnsemble(
        plans,
        async ensemble => {
          putClientPortsIntoServerLines(ensemble);
          await ensemble.start(1, LEADER);
          assert.is((await ensemble.leader()).sid, LEADER);
          await ensemble.start(2, 4, 5);
          const heard = await Promise.all([1, LEADER].map(sid => watchConfig(ensemble, sid)));
          const unaware = await Promise.all([1, LEADER].map(sid => steady(ensemble, sid)));
          const writers = await Writers.start(ensemble, '/load');

          // Members 1 and 3 keep their roles and their leader.
          const quiet: readonly Change[] = [
            { joining: serverLine(ensemble, 4) },
            { joining: serverLine(ensemble, 5) },
            { joining: serverLine(ensemble, 2, 'observer') },
            { joining: serverLine(ensemble, 2) },
            { leaving: '4' },
            { joining: serverLine(ensemble, 4) },
          ];
          for (const change of quiet) {
            await writers.more(WRITES_BETWEEN);
            await changed(ensemble, change);
          }
          await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3, 4, 5]));
          for (const check of heard) check(quiet.length);
          for (const stop of unaware) await stop();

          // The leader is demoted, and comes back as a voter.
          await writers.more(WRITES_BETWEEN);
          await changed(ensemble, { joining: serverLine(ensemble, LEADER, 'observer') });
          await writers.more(WRITES_BETWEEN);
          await changed(ensemble, { joining: serverLine(ensemble, LEADER) });

          // The leader dies just when it is asked for a change.
          await writers.more(WRITES_BETWEEN);
          const leader = await ensemble.leader();
          const stays = leader.sid === 1 ? 2 : 1;
          const admin = await superClient(ensemble, leader.sid);
          reconfigure(admin, { leaving: String(stays === 1 ? 2 : 4) }).catch(() => {});
          await leader.kill();
          await writers.more(WRITES_BETWEEN);
          await ensemble.start(leader.sid);
          await changed(ensemble, { members: serverLines(ensemble, [1, 2, 3, 4, 5]).join() });
          await writers.more(WRITES_BETWEEN);
          await writers.stop();
          await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3, 4, 5]));
          await writers.agree();
        },
        SETTINGS,
      );
    },
    DEADLINE,
  );
}
