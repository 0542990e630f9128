/**
 * Field reports A1 and A2: a closeSession without a list of paths, nodes of 3 MB, and digests on and off,
 * between Apache's servers and ours. They travel as PROPOSAL, INFORM and REQUEST, by DIFF and by SNAP, in
 * both directions, and each implementation reads the other's files.
 */
import { rmSync } from 'node:fs';
import { assert, suite } from '#test';
import { type Ensemble, ofRelease, withEnsemble } from './ensemble.test-kit.ts';
import { apache, RELEASES, requireApache } from './member.test-kit.ts';
import { sameTrees } from './same-trees.test-kit.ts';
import { EPHEMERAL, SEQUENTIAL } from './zk-client.test-kit.ts';

const test = suite('interop: transactions of every form and size');
const DEADLINE = { deadlineMs: 400_000 };

const LARGE = 'x'.repeat(3_000_000);
const EPHEMERALS = 3;

/** Writes large nodes, and ends sessions with ephemerals and without, through member `sid`. */
async function write(ensemble: Ensemble, sid: number, name: string): Promise<void> {
  const client = await ensemble.client(sid);
  await client.create(`/${name}`);
  await client.create(`/${name}/large`, LARGE);
  await client.create(`/${name}/set`);
  await client.set(`/${name}/set`, `${LARGE}${name}`);
  const mortal = await ensemble.client(sid);
  for (let i = 0; i < EPHEMERALS; i++) await mortal.create(`/${name}/mine-`, name, EPHEMERAL | SEQUENTIAL);
  await mortal.close();
  assert.equal(await client.children(`/${name}`), ['large', 'set'], 'the ephemerals are gone');
  await client.close();
}

async function comesBack(
  ensemble: Ensemble,
  sid: number,
  how: 'with its files' | 'with nothing',
): Promise<void> {
  const member = ensemble.member(sid);
  if (how === 'with nothing') rmSync(member.dataFolder, { recursive: true });
  member.start();
  await member.serves();
}

const OURS = 2;

const DIGEST_OFF = ['digest.enabled=false'];

const CASES: readonly (readonly [title: string, off: readonly string[], release: string | undefined])[] = [
  ...RELEASES.map(release => [`digests on, ${apache(release)}`, [], release] as const),
  [`digests off but with the first leader, ${apache(RELEASES[0])}`, DIGEST_OFF, RELEASES[0]],
];

for (const [title, off, release] of CASES) {
  test(
    `closeSessionTxn.enabled=false, jute.maxbuffer=10 MB and nodes of 3 MB, ${title}: live, by DIFF and SNAP, on each other's files`,
    async () => {
      requireApache(release);
      const plans = [
        { is: 'apache', settings: off },
        { is: 'zklab', settings: off },
        { is: 'apache' },
        { is: 'zklab', observer: true, settings: off },
      ] as const;
      const settings = ['closeSessionTxn.enabled=false', 'jute.maxbuffer=10485760'];
      await withEnsemble(
        ofRelease(release, plans),
        async ensemble => {
          await ensemble.startLedBy(3);
          await write(ensemble, OURS, 'a');
          await sameTrees(ensemble);
          await ensemble.member(OURS).kill();
          await write(ensemble, 1, 'b');
          await comesBack(ensemble, OURS, 'with its files');
          await sameTrees(ensemble);
          await ensemble.member(OURS).kill();
          await comesBack(ensemble, OURS, 'with nothing');
          await sameTrees(ensemble);

          await ensemble.member(3).kill();
          await ensemble.member(OURS).serves('leader');
          await ensemble.member(1).serves('follower');
          await write(ensemble, 1, 'c');
          await write(ensemble, OURS, 'd');
          await comesBack(ensemble, 3, 'with its files');
          await sameTrees(ensemble);
          await ensemble.member(1).kill();
          await comesBack(ensemble, 1, 'with nothing');
          const before = await sameTrees(ensemble);

          await Promise.all(ensemble.running.map(member => member.kill()));
          for (const member of ensemble.members.values())
            member.implementation = member.implementation === 'apache' ? 'zklab' : 'apache';
          await ensemble.start();
          await write(ensemble, 1, 'e');
          const after = await sameTrees(ensemble);
          assert.equal(
            after.filter(line => !line.startsWith('/e')),
            before,
          );
        },
        settings,
      );
    },
    DEADLINE,
  );
}
