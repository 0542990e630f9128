/**
 * Field report B6: while a learner of Apache's is being synced, clients write more than our leader keeps for
 * all waiting learners. The leader drops what it kept, and the learner gets it from the committed log and
 * from disk, as a learner of ours does.
 */
import { assert, suite, until } from '#test';
import { LEARNER_BACKLOG_BYTES_MAX } from '../master/learners/learner-backlog.ts';
import { withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';

const test = suite('interop: a sync that takes long');

const MEGABYTE = 'x'.repeat(1_000_000);
/**
 * More than the sockets between the two hold, so that the snapshot is still under way while the learner is
 * frozen.
 */
const NODES_MB = 40;
const WRITES_MB = 100;
const DEADLINE_MS = 120_000;
/**
 * Heap of Apache's observer: 3.9.5 has no room for the answers to the reads in the heap that other members
 * get.
 */
const HEAP = '-Xmx320m';

for (const is of ['apache', 'zklab'] as const)
  test(
    `field report B6: ${WRITES_MB} MB are written while a snapshot is sent to a frozen observer (${is}), which gets all of them`,
    async () => {
      requireApache();
      const flags = is === 'apache' ? [HEAP] : [];
      const plans = [{ is: 'zklab' }, { is: 'zklab' }, { is, observer: true, flags }] as const;
      await withEnsemble(plans, async ensemble => {
        await ensemble.start(1, 2);
        const leader = await ensemble.leader();
        const client = await ensemble.client(leader.sid);
        for (let n = 0; n < NODES_MB; n++) await client.create(`/${n}`, MEGABYTE);
        const observer = ensemble.member(3);
        observer.start();
        await until(() => leader.log.includes('"learner":3,"sync":"SNAP"'), {
          deadlineMs: DEADLINE_MS,
          what: 'the snapshot to be sent',
          intervalMs: 1,
        });
        await observer.pause();
        let held = 0;
        for (let n = 0; n < WRITES_MB; n++) {
          await client.set(`/${n % NODES_MB}`, `${n} ${MEGABYTE}`);
          held = Math.max(held, (await leader.metric('learner_backlog_bytes')) ?? 0);
        }
        observer.resume();
        await observer.serves();
        await ensemble.agreesInTheEnd();
        process.stdout.write(`  ${(held / 2 ** 20).toFixed(0)} MiB held at the most\n`);
        assert.ok(held > 10 * 2 ** 20, 'the snapshot was under way while they were written');
        assert.ok(held <= LEARNER_BACKLOG_BYTES_MAX, `${held} bytes`);
        const reader = await ensemble.client(3);
        for (let n = WRITES_MB - NODES_MB; n < WRITES_MB; n++)
          assert.is((await reader.get(`/${n % NODES_MB}`)).split(' ')[0], String(n));
      });
    },
    { deadlineMs: 300_000 },
  );
