/**
 * TTL nodes that Apache's leader makes, as our members see them: with extendedTypesEnabled, and after it was
 * removed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { assert, suite } from '#test';
import { ttlOwner } from '../tree/owner.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeCreateRequest } from '../wire/requests.ts';
import { withEnsemble } from './ensemble.test-kit.ts';
import { type Member, requireApache } from './member.test-kit.ts';
import type { ZkError } from './zk-client.test-kit.ts';

const test = suite('interop: TTL nodes');
const DEADLINE = { deadlineMs: 400_000 };
const ENABLED = 'extendedTypesEnabled=true';
const LEADER = 3;
const OURS = 2;
const TTL_MS = 3_600_000;
const TTL_PERSISTENT = 5;
const WRITES = 140;

function withoutLine(member: Member, line: string): void {
  const config = readFileSync(member.configPath, 'utf8');
  assert.ok(config.includes(`${line}\n`));
  writeFileSync(member.configPath, config.replace(`${line}\n`, ''));
}

test(
  'a TTL node of Apache shows no owner with extended types; without them it stays, and looks like an ephemeral of an unknown session',
  async () => {
    requireApache();
    await withEnsemble(
      [{ is: 'apache' }, { is: 'zklab' }, { is: 'apache' }],
      async ensemble => {
        await ensemble.startLedBy(LEADER);
        const writer = await ensemble.client(LEADER);
        const { err } = await writer.exchange(OpCode.createTTL, w => {
          const request = {
            path: '/ttl',
            data: Buffer.from('kept'),
            acl: OPEN_ACL_UNSAFE,
            flags: TTL_PERSISTENT,
          };
          writeCreateRequest(w, request);
          w.writeLong(TTL_MS);
        });
        assert.is(errorName(err), errorName(ErrorCode.OK));
        // Enough writes that each member takes a snapshot of it.
        for (let n = 0; n < WRITES; n++) await writer.create(`/n-${n}`);
        for (const sid of [OURS, LEADER]) {
          const reader = await ensemble.client(sid);
          await reader.sync();
          assert.is((await reader.exists('/ttl'))?.ephemeralOwner, 0n, `at member ${sid}`);
        }

        const ours = ensemble.member(OURS);
        await ours.stop();
        withoutLine(ours, ENABLED);
        await ensemble.start(OURS);
        const reader = await ensemble.client(OURS);
        assert.is((await reader.exists('/ttl'))?.ephemeralOwner, ttlOwner(TTL_MS));
        assert.is(await reader.get('/ttl'), 'kept');
        for (let n = 0; n < WRITES; n++) await writer.set('/ttl', String(n));
        await ensemble.agreesInTheEnd();

        // With extended types the node is a TTL node and can have children; without them it counts as an
        // ephemeral and can have none.
        await writer.create('/ttl/child');
        await reader.sync();
        assert.equal(await reader.children('/ttl'), ['child']);
        await ensemble.member(LEADER).kill();
        await ensemble.member(1).kill();
        withoutLine(ensemble.member(1), ENABLED);
        await ensemble.start(1);
        await ours.serves('leader');
        const led = await ensemble.client(OURS);
        const refused = await led.create('/ttl/other').catch((error: ZkError) => errorName(error.code));
        assert.is(refused, errorName(ErrorCode.NOCHILDRENFOREPHEMERALS));
      },
      [ENABLED, 'snapCount=20'],
    );
  },
  DEADLINE,
);
