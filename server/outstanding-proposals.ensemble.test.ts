/**
 * Field report B5: what a leader keeps while no quorum acknowledges. With real processes: both followers are
 * frozen for less than syncLimit, and clients of the leader and of an observer go on writing.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import * as net from 'node:net';
import { assert, suite, until } from '#test';
import { withEnsemble } from './interop/ensemble.test-kit.ts';
import type { Member } from './interop/member.test-kit.ts';
import type { Reply, ZkClient } from './interop/zk-client.test-kit.ts';
import { OUTSTANDING_BYTES_MAX } from './master/proposals/outstanding-bytes.ts';
import { ErrorCode } from './wire/error-codes.ts';
import { OpCode } from './wire/opcodes.ts';
import { writeSetDataRequest } from './wire/requests.ts';

const test = suite('outstanding proposals, real processes');

const PLANS = [{ is: 'zklab' }, { is: 'zklab' }, { is: 'zklab' }, { is: 'zklab', observer: true }] as const;
const OBSERVER = 4;
const MIB = 1024 * 1024;
/**
 * Number of clients of the leader, and of the observer: a member takes 64 MiB of its clients' requests at a
 * time.
 */
const CLIENTS = 16;
const WRITES_EACH = 5;
/** Memory of one request and of its transaction. */
const ONE_WRITE_BYTES = 3 * MIB;
const RSS_MIB_MAX = 500;
/** The followers are frozen for less than this, on a busy machine too. */
const SYNC_LIMIT_MS = 400_000;
const WAIT = { deadlineMs: 120_000, intervalMs: 50 };

const filler = 'x'.repeat(1_000_000);

/** The largest resident memory at any time, in MiB. */
function mostResidentMib(member: Member): number {
  const status = readFileSync(`/proc/${member.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

function write(client: ZkClient, path: string, n: number): Promise<Reply> {
  const data = Buffer.from(`${n} ${filler}`);
  return client.exchange(OpCode.setData, w => writeSetDataRequest(w, { path, data, version: -1 }));
}

const outstanding = async (leader: Member) => (await leader.metric('outstanding_proposal_bytes')) ?? 0;

test(
  'field report B5: while no quorum acknowledges, 160 MB of writes cost the leader a bounded amount; all are done afterwards, and no client is lost',
  () =>
    withEnsemble(
      PLANS,
      async ensemble => {
        await ensemble.start();
        const leader = await ensemble.leader();
        const epochOf = async () => Math.floor((await leader.zxid()) / 2 ** 32);
        const epoch = await epochOf();
        const quiet = await ensemble.client(leader.sid);
        const writers: [path: string, client: ZkClient][] = [];
        for (let n = 0; n < 2 * CLIENTS; n++) {
          const path = `/w${n}`;
          await quiet.create(path);
          writers.push([path, await ensemble.client(n % 2 === 0 ? leader.sid : OBSERVER)]);
        }
        const followers = ensemble.running.filter(({ sid }) => sid !== leader.sid && sid !== OBSERVER);
        for (const follower of followers) await follower.pause();

        const asked = writers.map(([path, client]) =>
          Array.from({ length: WRITES_EACH }, (_, n) => write(client, path, n + 1)),
        );
        await until(async () => (await outstanding(leader)) >= OUTSTANDING_BYTES_MAX, {
          ...WAIT,
          what: 'the leader to keep as much as it may',
        });
        // The server closes this connection because it asks for no session. The newcomer has asked, and
        // waits.
        const newcomer = ensemble.client(leader.sid);
        const mute = net.connect({ host: leader.host, port: leader.clientPort });
        await once(mute.resume(), 'close');
        await quiet.get('/');
        const most = await outstanding(leader);
        process.stdout.write(`  ${(most / MIB).toFixed(0)} MiB outstanding\n`);
        assert.ok(most <= OUTSTANDING_BYTES_MAX + ONE_WRITE_BYTES, `${most} bytes`);
        const zxid = await leader.zxid();
        for (const follower of followers) follower.resume();

        for (const { err } of await Promise.all(asked.flat())) assert.is(err, ErrorCode.OK);
        assert.is(await (await newcomer).get('/'), '');
        assert.ok((await leader.zxid()) >= zxid + 2 * CLIENTS * WRITES_EACH, 'none was committed before');
        assert.equal([await leader.mode(), await epochOf(), await outstanding(leader)], ['leader', epoch, 0]);
        assert.ok([quiet, ...writers.map(([, client]) => client)].every(client => !client.closed));
        await ensemble.agrees();
        for (const { sid } of ensemble.running) {
          const reader = await ensemble.client(sid);
          for (const [path] of writers) {
            const [last] = (await reader.get(path)).split(' ', 1);
            assert.equal([last, (await reader.exists(path))?.version], [String(WRITES_EACH), WRITES_EACH]);
          }
        }
        const rssMib = mostResidentMib(leader);
        process.stdout.write(`  ${rssMib.toFixed(0)} MiB on the leader at the most\n`);
        assert.ok(rssMib < RSS_MIB_MAX, `${rssMib} MiB`);
      },
      [`syncLimit=${SYNC_LIMIT_MS / 250}`, 'nio.sessionlessCnxnTimeout=1000'],
    ),
  { deadlineMs: 600_000 },
);
