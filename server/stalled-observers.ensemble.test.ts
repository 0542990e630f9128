/** Field report B6: what observers that never read cost their master, with real processes. */
import { readFileSync } from 'node:fs';
import { assert, suite, until } from '#test';
import { withEnsemble } from './interop/ensemble.test-kit.ts';
import type { Member } from './interop/member.test-kit.ts';
import { Stranger } from './interop/stranger.test-kit.ts';
import { PacketType } from './wire/quorum-packet.ts';

const test = suite('stalled observers, real processes');
const DEADLINE = { deadlineMs: 300_000 };

const QUORUM_PORT = 2888;
const OBSERVER_MASTER_PORT = 2191;
const PLANS = [{ is: 'zklab' }, { is: 'zklab' }, { is: 'zklab' }] as const;
const STALLED = 20;
const WRITES = 100;
const VALUE = 'x'.repeat(1_000_000);
const RSS_MIB_MAX = 300;

/** The largest resident memory at any time, in MiB. */
function mostResidentMib(member: Member): number {
  const status = readFileSync(`/proc/${member.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

async function stalledObservers(member: Member, port: number): Promise<Stranger[]> {
  const strangers: Stranger[] = [];
  for (let n = 0; n < STALLED; n++) {
    const stranger = await Stranger.connect(member.host, port);
    strangers.push(stranger);
    await stranger.handshake({ sid: 1000 + n, info: PacketType.OBSERVERINFO });
    stranger.ackNewLeader();
    stranger.ping();
    stranger.pause();
  }
  return strangers;
}

for (const where of ['the leader', 'an observer master'] as const) {
  test(
    `field report B6: ${STALLED} stalled observers and ${WRITES} MB of writes: under ${RSS_MIB_MAX} MiB on ${where}`,
    async () => {
      await withEnsemble(
        PLANS,
        async ensemble => {
          await ensemble.start();
          const leader = await ensemble.leader();
          const follower = ensemble.running.find(member => member !== leader)!;
          const [member, port] =
            where === 'the leader' ? [leader, QUORUM_PORT] : [follower, OBSERVER_MASTER_PORT];
          const strangers = await stalledObservers(member, port);
          await until(async () => (await member.metric('synced_observers')) === STALLED, {
            deadlineMs: 60_000,
            what: 'all of them to be counted as synced',
          });
          const client = await ensemble.client(leader.sid);
          await client.create('/large', '');
          for (let n = 0; n < WRITES; n++) await client.set('/large', VALUE);
          await ensemble.agrees();
          const mib = mostResidentMib(member);
          process.stdout.write(`  ${mib.toFixed(0)} MiB on ${where} at the most\n`);
          assert.ok(mib < RSS_MIB_MAX, `${mib} MiB`);
          assert.is(await member.mode(), member === leader ? 'leader' : 'follower');
          for (const stranger of strangers) stranger.destroy();
        },
        [`observerMasterPort=${OBSERVER_MASTER_PORT}`],
      );
    },
    DEADLINE,
  );
}
