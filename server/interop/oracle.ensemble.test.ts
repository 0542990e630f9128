/**
 * Two voters with an oracle file each (`oraclePath`), of ours alone and of both implementations: which of
 * them goes on without the other, and what it wrote meanwhile.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { type Ensemble, type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';

const test = suite('interop: oracle of two voters');
const DEADLINE = { deadlineMs: 400_000 };
const OBSERVER = 3;
/** Number of questions after which a server without a quorum counts as one that does not serve. */
const LOOKS = 40;

const WRITES_TO_A_DIGEST = 140;

type Says = (sid: number, answer: '0' | '1') => void;

async function withOracles(
  implementations: readonly MemberPlan['is'][],
  body: (ensemble: Ensemble, says: Says) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const file = (sid: number) => join(folder, `oracle-${sid}`);
  const says: Says = (sid, answer) => writeFileSync(file(sid), `${answer}\n`);
  const plans = implementations.map((is, i) => ({
    is,
    observer: i + 1 === OBSERVER,
    settings: [`oraclePath=${file(i + 1)}`],
  }));
  for (let sid = 1; sid <= plans.length; sid++) says(sid, '0');
  await withEnsemble(plans, async ensemble => {
    await ensemble.start();
    await body(ensemble, says);
  });
}

async function writes(ensemble: Ensemble, sid: number, path: string): Promise<void> {
  await until(
    async () => {
      const client = await ensemble.client(sid);
      await client.create(path);
      return true;
    },
    { deadlineMs: 60_000, what: `${path} to be written at server ${sid}`, intervalMs: 50 },
  );
}

async function reads(ensemble: Ensemble, sid: number, path: string): Promise<void> {
  const client = await ensemble.client(sid);
  await client.sync('/');
  assert.ok((await client.exists(path)) !== null, `${path} at server ${sid}`);
}

/** The two voters, by who leads. */
async function voters(ensemble: Ensemble): Promise<{ leader: number; follower: number }> {
  const { sid } = await ensemble.leader();
  return { leader: sid, follower: 3 - sid };
}

async function stopsServing(ensemble: Ensemble, sid: number): Promise<void> {
  const member = ensemble.member(sid);
  const what = `server ${sid} to give up`;
  await until(async () => (await member.mode()) === undefined, { deadlineMs: 60_000, what, intervalMs: 50 });
}

/** Compares the trees, after enough writes that each member keeps a digest of its tree. */
async function sameTrees(ensemble: Ensemble, path: string): Promise<void> {
  const client = await ensemble.client(1);
  for (let n = 0; n < WRITES_TO_A_DIGEST; n++) await client.create(`${path}-${n}`);
  assert.ok((await ensemble.agrees()) > 0, 'digests were compared');
}

/** Loses a voter while the other one goes on, and checks that the lost one comes back and gets all writes. */
async function goesOn(ensemble: Ensemble, says: Says, lost: number, path: string): Promise<void> {
  const other = 3 - lost;
  says(other, '1');
  await ensemble.member(lost).kill();
  await writes(ensemble, other, `${path}-alone`);
  await ensemble.member(other).serves('leader');
  await ensemble.start(lost);
  await ensemble.member(lost).serves('follower');
  says(other, '0');
  await reads(ensemble, lost, `${path}-alone`);
  await writes(ensemble, lost, `${path}-together`);
  await sameTrees(ensemble, path);
}

const MEMBERS: readonly (readonly [string, readonly MemberPlan['is'][]])[] = [
  ['ours, with an observer', ['zklab', 'zklab', 'zklab']],
  ["ours and Apache's", ['zklab', 'apache']],
];

for (const [name, implementations] of MEMBERS)
  test(
    `004-23: ${name}: the voter that the oracle authorises goes on, whichever is lost, and no write is lost`,
    async () => {
      if (implementations.includes('apache')) requireApache();
      await withOracles(implementations, async (ensemble, says) => {
        await writes(ensemble, 1, '/both');
        const first = await voters(ensemble);
        await goesOn(ensemble, says, first.follower, '/without-follower');
        if (implementations.length === OBSERVER) await reads(ensemble, OBSERVER, '/without-follower-alone');
        const second = await voters(ensemble);
        await goesOn(ensemble, says, second.leader, '/without-leader');
        if (implementations.length === OBSERVER) await reads(ensemble, OBSERVER, '/without-leader-together');
      });
    },
    DEADLINE,
  );

test(
  '004-23: a voter that the oracle does not authorise stops, at once or later, and serves again once it is authorised',
  async () => {
    await withOracles(['zklab', 'zklab'], async (ensemble, says) => {
      await writes(ensemble, 1, '/both');
      const { leader, follower } = await voters(ensemble);
      await ensemble.member(follower).kill();
      await stopsServing(ensemble, leader);
      for (let look = 0; look < LOOKS; look++)
        assert.is(await ensemble.member(leader).mode(), undefined, 'nobody serves');

      says(leader, '1');
      await writes(ensemble, leader, '/alone');
      says(leader, '0');
      await stopsServing(ensemble, leader);

      await ensemble.start(follower);
      await writes(ensemble, follower, '/together');
      await sameTrees(ensemble, '/n');
    });
  },
  DEADLINE,
);
