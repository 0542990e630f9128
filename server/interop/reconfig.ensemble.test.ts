/**
 * A reconfiguration made by a leader of Apache's that leaves the voters as they are: our members do not take
 * part in it, must not be harmed, and keep its text. The transaction reaches followers as any other,
 * observers in a packet of its own.
 */
import { assert, suite, until } from '#test';
import { errorName } from '../wire/error-codes.ts';
import { OpCode } from '../wire/opcodes.ts';
import { withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import { SUPER, SUPER_DIGEST_SETTING } from './zk-client.test-kit.ts';

const test = suite('interop: reconfiguration by Apache');
const DEADLINE = { deadlineMs: 400_000 };
const CONFIG = '/zookeeper/config';
const OBSERVER = 4;
const JOINING = 5;
const WRITES = 140;

for (const [behind, settings] of [
  ['its leader', []],
  ["its observer master's", ['observerMasterPort=2889']],
] as const) {
  test(
    `our follower goes on, and our observer behind ${behind} port`,
    async () => {
      requireApache();
      const plans = [{ is: 'apache' }, { is: 'zklab' }, { is: 'apache' }] as const;
      await withEnsemble(
        [...plans, { is: 'zklab', observer: true }],
        async ensemble => {
          await ensemble.start(1, 3);
          assert.is((await ensemble.leader()).sid, 3);
          await ensemble.start(2, OBSERVER);
          const client = await ensemble.client(3);
          await client.authenticate(SUPER);
          const newcomer = `server.${JOINING}=${ensemble.member(1).host}:2988:3988:observer;2981`;
          const { err } = await client.exchange(OpCode.reconfig, w =>
            w.writeString(newcomer).writeString(null).writeString(null).writeLong(-1),
          );
          assert.is(errorName(err), 'OK');
          for (const sid of [2, OBSERVER]) {
            const reader = await ensemble.client(sid);
            await reader.authenticate(SUPER);
            await until(async () => (await reader.get(CONFIG)).includes(`server.${JOINING}=`), {
              deadlineMs: 60_000,
              what: `the reconfiguration at member ${sid}`,
            });
          }
          for (let n = 0; n < WRITES; n++) await client.create(`/n-${n}`);
          assert.ok((await ensemble.agrees()) > 0, 'digests were compared');

          // The reconfiguration is in their logs: they come back with it, and follow our leader.
          for (const sid of [2, OBSERVER]) {
            await ensemble.member(sid).kill();
            await ensemble.start(sid);
            const reader = await ensemble.client(sid);
            assert.match(
              await reader.get(CONFIG),
              new RegExp(`server\\.${JOINING}=`),
              `member ${sid} keeps it`,
            );
          }
          await ensemble.agrees();
          for (const { sid, log } of ensemble.running) {
            if (ensemble.member(sid).implementation === 'zklab')
              assert.not.match(log, /malformed|stops \w+: (?!connection)/, `member ${sid}`);
          }
        },
        ['reconfigEnabled=true', SUPER_DIGEST_SETTING, ...settings],
      );
    },
    DEADLINE,
  );
}
