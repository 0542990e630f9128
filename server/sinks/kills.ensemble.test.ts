/**
 * The observer, the broker, the plug-in and the leader are killed while clients write, one after the other
 * and at once: no transaction is missing in the stream, and none is there twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { repetitions, suite } from '#test';
import { Writers } from '../interop/writers.test-kit.ts';
import { seededRandom } from '../storage/storage.test-kit.ts';
import { killPlugIn } from './brokers.test-kit.ts';
import { isComplete, OBSERVER, withStream } from './streaming.test-kit.ts';

const test = suite('sinks: kills under load');
const DEADLINE = { deadlineMs: 400_000 };
const MASTER_PORT = 2889;
const ROUNDS = repetitions(1);
const WRITES_BETWEEN = 60;
/** Kills come at most this long after the last awaited write, while a batch is somewhere on its way. */
const MOMENT_MS = 30;
/** No member is sent a whole snapshot, so the stream has no reason for a gap. */
const SETTINGS = [`observerMasterPort=${MASTER_PORT}`, 'snapshotSizeFactor=0'];

for (const [seed, sink] of (['nats', 'redis'] as const).entries()) {
  test(
    `004-22, ${sink}: whoever is killed under load, no transaction is missing and none is stored twice`,
    () =>
      withStream(
        sink,
        async (ensemble, broker) => {
          const random = seededRandom(seed);
          const observer = ensemble.member(OBSERVER);
          const writers = await Writers.start(ensemble, '/writes');
          const more = async () => {
            await writers.more(WRITES_BETWEEN);
            await sleep(random.below(MOMENT_MS));
          };
          const killLeader = async () => {
            const leader = await ensemble.leader();
            await leader.kill();
            await ensemble.leader();
            await ensemble.start(leader.sid);
          };
          for (let round = 0; round < ROUNDS; round++) {
            await more();
            await killPlugIn(observer);
            await more();
            await broker.kill();
            await more();
            await broker.start();
            await more();
            await observer.kill();
            await more();
            await ensemble.start(OBSERVER);
            await more();
            await killLeader();
            await more();
            await Promise.all([broker.kill(), observer.kill()]);
            await killLeader();
            await Promise.all([broker.start(), ensemble.start(OBSERVER)]);
          }
          await more();
          await writers.stop();
          await writers.agree();
          await isComplete(ensemble, broker);
        },
        { broker: { isSecured: true }, settings: SETTINGS },
      ),
    DEADLINE,
  );
}
