/**
 * A server whose id is 255: its session ids begin with 0xff, as the owners of TTL nodes do where those are
 * enabled. Both implementations must recognise its ephemerals in each other's transactions, logs and
 * snapshots.
 */
import { assert, suite } from '#test';
import { OpCode } from '../wire/opcodes.ts';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { EPHEMERAL, SEQUENTIAL, type ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: the server with the id 255');
const DEADLINE = { deadlineMs: 400_000 };
const LAST = 255;
/** Enough for snapshots on each member, and for a digest that all keep. */
const WRITES = 140;
const SETTINGS = ['snapCount=20'];

async function ephemeralsOf(client: ZkClient): Promise<string[]> {
  const { body } = await client.exchange(OpCode.getEphemerals, w => void w.writeString('/'));
  return (body.readVector(r => r.readString() ?? '') ?? []).sort();
}

async function ownersSeen(ensemble: Ensemble, path: string): Promise<Set<bigint | undefined>> {
  const owners = new Set<bigint | undefined>();
  for (const { sid } of ensemble.running) {
    const reader = await ensemble.client(sid);
    await reader.sync();
    owners.add((await reader.exists(path))?.ephemeralOwner);
  }
  return owners;
}

for (const [is, other] of [
  ['zklab', 'apache'],
  ['apache', 'zklab'],
] as const) {
  test(
    `field report C4: ephemerals of server 255 (${is}) live and go with their session, through files of both`,
    async () => {
      requireApache();
      const plans = [{ is: other }, { is: 'zklab' }, { is, sid: LAST }] as const;
      await withEnsemble(
        plans,
        async ensemble => {
          await ensemble.start();
          const client = await ensemble.client(LAST);
          const { session } = client;
          assert.is(session.sessionId >> 56n, -1n, 'an id that begins with 0xff');
          await client.create('/plain');
          await client.create('/mine', '', EPHEMERAL);
          const sequential = await client.create('/mine-', '', EPHEMERAL | SEQUENTIAL);
          for (let n = 0; n < WRITES; n++) await client.set('/plain', String(n));
          assert.equal(await ephemeralsOf(client), ['/mine', sequential]);
          assert.equal(await ownersSeen(ensemble, '/mine'), new Set([session.sessionId]));

          // Each member starts on the files of the other implementation.
          for (const member of ensemble.members.values()) {
            await member.stop();
            member.implementation = member.implementation === 'zklab' ? 'apache' : 'zklab';
            await ensemble.start(member.sid);
            for (const each of ensemble.members.values()) await each.serves();
          }
          assert.equal(await ownersSeen(ensemble, '/mine'), new Set([session.sessionId]));
          const back = await ensemble.client(LAST, { session });
          assert.equal(await ephemeralsOf(back), ['/mine', sequential]);
          for (let n = 0; n < WRITES; n++) await back.set('/plain', String(n));
          await back.close();
          assert.equal(await ownersSeen(ensemble, '/mine'), new Set([undefined]));
          assert.equal(await ownersSeen(ensemble, sequential), new Set([undefined]));

          await Promise.all([...ensemble.members.values()].map(member => member.stop()));
          await ensemble.start();
          assert.equal(await ownersSeen(ensemble, '/mine'), new Set([undefined]));
          const after = await ensemble.client(LAST);
          for (let n = 0; n < WRITES; n++) await after.set('/plain', String(n));
          await ensemble.agreesInTheEnd();
        },
        SETTINGS,
      );
    },
    DEADLINE,
  );
}
