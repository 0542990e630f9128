/**
 * TTL nodes in ensembles of both implementations: each leader removes them, whoever asked for them. And how
 * our members see them after extendedTypesEnabled was removed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { assert, suite, until } from '#test';
import { ttlOwner } from '../tree/owner.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { writeCreateRequest } from '../wire/requests.ts';
import { readStat } from '../wire/stat.ts';
import { withEnsemble } from './ensemble.test-kit.ts';
import { type Member, requireApache } from './member.test-kit.ts';
import type { ZkClient, ZkError } from './zk-client.test-kit.ts';

const test = suite('interop: TTL nodes');
const DEADLINE = { deadlineMs: 400_000 };
const ENABLED = 'extendedTypesEnabled=true';
const LEADER = 3;
const OURS = 2;
const TTL_MS = 3_600_000;
const TTL_PERSISTENT = 5;
const TTL_SEQUENTIAL = 6;
const CHECK_OFTEN = 'znode.container.checkIntervalMs=300';
const WRITES = 140;

function withoutLine(member: Member, line: string): void {
  const config = readFileSync(member.configPath, 'utf8');
  assert.ok(config.includes(`${line}\n`));
  writeFileSync(member.configPath, config.replace(`${line}\n`, ''));
}

async function createTtl(
  client: ZkClient,
  path: string,
  ttlMs: number,
  flags = TTL_PERSISTENT,
): Promise<{ path: string; owner: bigint }> {
  const { err, body } = await client.exchange(OpCode.createTTL, w => {
    writeCreateRequest(w, { path, data: Buffer.from('kept'), acl: OPEN_ACL_UNSAFE, flags });
    w.writeLong(ttlMs);
  });
  assert.is(errorName(err), errorName(ErrorCode.OK));
  return { path: body.readString() ?? '', owner: readStat(body).ephemeralOwner };
}

test(
  'each leader removes TTL nodes when their time is over, whoever asked for them and whoever made them',
  async () => {
    requireApache();
    const APACHE = 2;
    await withEnsemble(
      [{ is: 'zklab' }, { is: 'apache', flags: [`-D${CHECK_OFTEN}`] }, { is: 'zklab' }],
      async ensemble => {
        await ensemble.startLedBy(LEADER);
        const [own, ours, apaches] = await Promise.all([LEADER, 1, APACHE].map(sid => ensemble.client(sid)));
        assert.equal(await createTtl(own!, '/led', 1), { path: '/led', owner: 0n });
        const { path } = await createTtl(ours!, '/followed-', 1, TTL_SEQUENTIAL);
        assert.is(path, '/followed-0000000001');
        await createTtl(apaches!, '/forwarded', 1);
        await createTtl(apaches!, '/stays', TTL_MS);
        const gone = async (client: ZkClient, ...paths: string[]) => {
          for (const each of paths)
            await until(async () => (await client.exists(each)) === null, {
              deadlineMs: 60_000,
              what: `the end of ${each}`,
            });
        };
        for (const client of [own!, ours!, apaches!]) await gone(client, '/led', path, '/forwarded');
        // Servers note a digest at every 128th zxid.
        const write = async (client: ZkClient) => {
          for (let n = 0; n < WRITES; n++) await client.set('/stays', 'kept');
        };
        await write(own!);
        await ensemble.agreesInTheEnd();

        // Apache reads what our leader logged, leads, and removes what our leader made.
        await ensemble.member(APACHE).kill();
        await ensemble.start(APACHE);
        const restarted = await ensemble.client(APACHE);
        await createTtl(own!, '/inherited', 3000);
        await restarted.sync();
        assert.is(await restarted.get('/inherited'), 'kept');
        await ensemble.member(LEADER).kill();
        await ensemble.member(APACHE).serves('leader');
        const after = await Promise.all([1, APACHE].map(sid => ensemble.client(sid)));
        for (const client of after) {
          await gone(client, '/inherited');
          assert.is(await client.get('/stays'), 'kept');
        }
        await write(after[0]!);
        await ensemble.start(LEADER);
        await ensemble.agreesInTheEnd();
      },
      [ENABLED, CHECK_OFTEN],
    );
  },
  DEADLINE,
);

test(
  'a TTL node of Apache shows no owner with extended types; without them it stays, and looks like an ephemeral of an unknown session',
  async () => {
    requireApache();
    await withEnsemble(
      [{ is: 'apache' }, { is: 'zklab' }, { is: 'apache' }],
      async ensemble => {
        await ensemble.startLedBy(LEADER);
        const writer = await ensemble.client(LEADER);
        await createTtl(writer, '/ttl', TTL_MS);
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
