/** A voter has accepted an epoch that was never established, in an ensemble of both implementations. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, until } from '#test';
import { withEnsemble } from './ensemble.test-kit.ts';
import { type Member, requireApache } from './member.test-kit.ts';

const test = suite('interop: a later accepted epoch');
const DEADLINE = { deadlineMs: 400_000 };
const LATER = 50;
const TWO_32 = 0x1_0000_0000;

const epochOf = async (member: Member) => Math.floor((await member.zxid()) / TWO_32);

function promise(member: Member, epoch: number): void {
  writeFileSync(join(member.dataFolder, 'acceptedEpoch'), String(epoch));
}

test(
  'seed 900177: our leader steps down for our voter, and a follower of Apache follows the next leader',
  async () => {
    requireApache();
    await withEnsemble([{ is: 'apache' }, { is: 'zklab' }, { is: 'zklab' }], async ensemble => {
      await ensemble.startLedBy(2);
      await (await ensemble.client(1)).create('/before');
      const voter = ensemble.member(3);
      await voter.stop();
      promise(voter, LATER);
      await ensemble.start(3);
      await ensemble.leader();
      await Promise.all([...ensemble.members.values()].map(member => member.serves()));
      await (await ensemble.client(3)).create('/after');
      assert.is(await epochOf(voter), LATER + 1);
      await ensemble.agrees();
    });
  },
  DEADLINE,
);

test(
  'seed 900177: a voter of Apache cannot confirm its epoch: our leader stays, and the voter is back with the next election',
  async () => {
    requireApache();
    await withEnsemble([{ is: 'zklab' }, { is: 'zklab' }, { is: 'apache' }], async ensemble => {
      await ensemble.startLedBy(2);
      await (await ensemble.client(1)).create('/before');
      const epoch = await epochOf(ensemble.member(2));
      const voter = ensemble.member(3);
      await voter.stop();
      promise(voter, LATER);
      voter.start();
      await until(() => voter.log.split('is less than accepted epoch').length > 3, {
        deadlineMs: 90_000,
        what: 'Apache to leave our leader three times',
      });
      assert.is((await ensemble.leader()).sid, 2);
      assert.is(await epochOf(ensemble.member(2)), epoch);
      await ensemble.member(2).stop();
      await ensemble.start(2);
      await Promise.all([...ensemble.members.values()].map(member => member.serves()));
      await (await ensemble.client(3)).create('/after');
      assert.is(await epochOf(voter), LATER + 1);
      await ensemble.agrees();
    });
  },
  DEADLINE,
);
