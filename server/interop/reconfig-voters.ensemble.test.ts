/**
 * A leader of Apache's changes the voters, which members of ours without reconfigEnabled do not follow: they
 * stop, say what they found and what to do, and leave no quorum of the old voters that could go on beside the
 * new one.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { assert, suite, until } from '#test';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { type Ensemble, type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { type Member, requireApache } from './member.test-kit.ts';
import { SUPER, SUPER_DIGEST_SETTING } from './zk-client.test-kit.ts';

const test = suite('interop: voters changed by Apache');
const DEADLINE = { deadlineMs: 400_000 };
const CONFIG = '/zookeeper/config';
const LEADER = 3;
const JOINING = [4, 5];
const OBSERVER = 6;
const WRITES = 140;
const CODE = 'ZK_VOTERS_CHANGED';

const OURS: MemberPlan = { is: 'zklab', settings: ['reconfigEnabled=false'] };
const MIXED = ['apache', 'zklab', 'apache'] as const;

interface Variant {
  readonly name: string;
  readonly voters: readonly MemberPlan['is'][];
  readonly settings?: readonly string[];
  /** Members that do not run while the voters are changed. */
  readonly away?: readonly number[];
}

const VARIANTS: readonly Variant[] = [
  { name: 'one of ours among the voters', voters: MIXED },
  { name: 'two of ours, a majority of the old voters', voters: ['zklab', 'zklab', 'apache'] },
  { name: "an observer behind its master's port", voters: MIXED, settings: ['observerMasterPort=2889'] },
  { name: 'a voter and an observer that were away', voters: MIXED, away: [2, OBSERVER] },
];

/** Adds 4 and 5 to the voters. Returns the text of the new configuration. */
async function addVoters(ensemble: Ensemble): Promise<string> {
  const client = await ensemble.client(LEADER);
  await client.authenticate(SUPER);
  const joining = JOINING.map(sid => {
    const { host } = ensemble.member(sid);
    return `server.${sid}=${host}:2888:3888:participant;${host}:2181`;
  }).join();
  const { err } = await client.exchange(OpCode.reconfig, w =>
    w.writeString(joining).writeString(null).writeString(null).writeLong(-1),
  );
  assert.is(errorName(err), errorName(ErrorCode.OK));
  return client.get(CONFIG);
}

async function stopsByItself(member: Member): Promise<void> {
  const what = `member ${member.sid} to stop by itself`;
  await until(() => member.ended, { deadlineMs: 60_000, what, intervalMs: 20 });
  const said = member.log.slice(member.log.lastIndexOf(CODE));
  assert.match(
    said,
    /with the voters 1, 2, 3, 4, 5; this server has version 0x\d+ with the voters 1, 2, 3\./,
  );
  await member.kill();
}

function replaceServerLines(member: Member, config: string): void {
  const kept = readFileSync(member.configPath, 'utf8').replace(/^server\..*\n/gm, '');
  // The client port of each stands in its own zoo.cfg.
  writeFileSync(member.configPath, kept);
  appendFileSync(member.configPath, `${config}\n`);
}

for (const { name, voters, settings = [], away = [] } of VARIANTS) {
  test(
    `${name}: our members stop, the new voters go on, and with the new lines ours come back`,
    async () => {
      requireApache();
      const plans: MemberPlan[] = [
        ...voters.map(is => (is === 'zklab' ? OURS : { is })),
        ...JOINING.map(() => ({ is: 'apache' as const, joins: true })),
        { ...OURS, observer: true },
      ];
      const ours = plans.flatMap(({ is }, i) => (is === 'zklab' ? [i + 1] : []));
      await withEnsemble(
        plans,
        async ensemble => {
          await ensemble.start(1, LEADER);
          assert.is((await ensemble.leader()).sid, LEADER);
          await ensemble.start(2, ...JOINING, OBSERVER);
          for (const sid of away) await ensemble.member(sid).stop();
          const config = await addVoters(ensemble);
          assert.match(config, /server\.5=.*participant/);
          for (const sid of ours) if (!away.includes(sid)) await stopsByItself(ensemble.member(sid));

          const leader = await ensemble.leader();
          const client = await ensemble.client(leader.sid);
          for (let n = 0; n < WRITES; n++) await client.create(`/n-${n}`);

          // With the old lines they refuse to start, because of what is on their disks or because of what the
          // leader says.
          for (const sid of ours) ensemble.member(sid).start();
          for (const sid of ours) await stopsByItself(ensemble.member(sid));
          await client.create('/after');

          for (const sid of ours) {
            replaceServerLines(ensemble.member(sid), config);
            await ensemble.start(sid);
          }
          for (let n = 0; n < WRITES; n++) await client.set('/after', String(n));
          for (const sid of ours) {
            const reader = await ensemble.client(sid);
            await reader.sync();
            assert.is(await reader.get('/after'), String(WRITES - 1));
            assert.is(await reader.get(CONFIG), config, `member ${sid}`);
          }
          assert.ok((await ensemble.agrees()) > 0, 'digests were compared');
        },
        ['reconfigEnabled=true', SUPER_DIGEST_SETTING, ...settings],
      );
    },
    DEADLINE,
  );
}
