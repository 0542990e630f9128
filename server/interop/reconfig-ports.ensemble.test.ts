/**
 * Changes of where members listen and of how quorums are counted: the client port moves and connections stay,
 * the ports between members move, groups and weights come and go, and one voter grows into three.
 */
import { assert, suite, until } from '#test';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import {
  allWrite,
  CONFIG,
  digestsAgree,
  haveRoles,
  isEverywhere,
  parsed,
  putClientPortsIntoServerLines,
  RECONFIG_SETTINGS,
  reconfigure,
  serverLine,
  serverLines,
  superClient,
  VARIANTS,
} from './reconfig.test-kit.ts';
import { ZkClient } from './zk-client.test-kit.ts';

const test = suite('interop: ports and quorum systems by reconfiguration');
const DEADLINE = { deadlineMs: 400_000 };
const LEADER = 3;
const NEW_CLIENT_PORT = 2182;

async function startThree(ensemble: Ensemble): Promise<void> {
  putClientPortsIntoServerLines(ensemble);
  await ensemble.start(1, LEADER);
  assert.is((await ensemble.leader()).sid, LEADER);
  await ensemble.start(2);
}

async function nobodyLeads(ensemble: Ensemble): Promise<void> {
  await until(
    async () => (await Promise.all(ensemble.running.map(member => member.mode()))).every(mode => !mode),
    { deadlineMs: 60_000, what: 'nobody to serve', intervalMs: 50 },
  );
}

for (const { name, members } of VARIANTS) {
  test(
    `${name}: ports move, groups and weights decide, and majorities again`,
    async () => {
      requireApache();
      await withEnsemble(
        members.slice(0, 3).map(is => ({ is })),
        async ensemble => {
          await startThree(ensemble);
          const { host } = ensemble.member(1);
          const before = await ensemble.client(1);
          const admin = await superClient(ensemble, 2);

          // The client port of a follower moves.
          const moved = serverLine(ensemble, 1).replace(/2181$/, String(NEW_CLIENT_PORT));
          assert.is((await reconfigure(admin, { joining: moved })).code, 'OK');
          const after = await until(() => ZkClient.connect(host, { port: NEW_CLIENT_PORT }), {
            deadlineMs: 60_000,
            what: 'the new client port',
          });
          await after.create('/by-the-new-port');
          assert.ok(await before.exists('/by-the-new-port'), 'a connection to the old port goes on');
          await until(
            () =>
              ZkClient.connect(host).then(
                () => false,
                () => true,
              ),
            {
              deadlineMs: 60_000,
              what: 'the old client port to be closed',
            },
          );
          assert.equal(parsed(await after.get(CONFIG)).lines, [moved, ...serverLines(ensemble, [2, 3])]);
          assert.is((await reconfigure(admin, { joining: serverLine(ensemble, 1) })).code, 'OK');
          await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3]));
          after.destroy();

          // The quorum and election ports of a follower move; the others reach it there in the next election.
          const lines = serverLines(ensemble, [1, 2, 3]);
          lines[0] = lines[0]!.replace(':2888:3888:', ':2889:3889:');
          assert.is((await reconfigure(admin, { joining: lines[0] })).code, 'OK');
          await isEverywhere(ensemble, lines);
          await ensemble.member(LEADER).kill();
          await haveRoles(ensemble, { leaders: [1, 2] });
          await ensemble.start(LEADER);
          await allWrite(ensemble, 'ports');
          await isEverywhere(ensemble, lines);

          // Member 3 weighs more than 1 and 2 together: a quorum alone.
          const groups = ['group.1=1:2:3', 'weight.1=1', 'weight.2=1', 'weight.3=3'];
          const atThree = await superClient(ensemble, LEADER);
          const weighed = await reconfigure(atThree, { members: [...lines, ...groups].join() });
          assert.is(weighed.code, 'OK');
          assert.equal(weighed.lines, [...lines, ...groups]);
          await isEverywhere(ensemble, weighed.lines);
          assert.is((await reconfigure(atThree, { leaving: '1' })).code, 'BADARGUMENTS');
          atThree.destroy();
          for (const sid of [1, 2]) await ensemble.member(sid).kill();
          await until(async () => (await ensemble.member(LEADER).mode()) === 'leader', {
            deadlineMs: 60_000,
            what: 'member 3 to lead alone',
          });
          await allWrite(ensemble, 'alone');
          await ensemble.start(1, 2);
          await isEverywhere(ensemble, weighed.lines);

          const back = await superClient(ensemble, LEADER);
          assert.is((await reconfigure(back, { members: lines.join() })).code, 'OK');
          await isEverywhere(ensemble, lines);
          for (const sid of [1, 2]) await ensemble.member(sid).kill();
          await nobodyLeads(ensemble);
          await ensemble.start(1, 2);
          await ensemble.member(LEADER).serves();
          await allWrite(ensemble, 'majority');
          await digestsAgree(ensemble);
        },
        RECONFIG_SETTINGS,
      );
    },
    DEADLINE,
  );
}

for (const { name, members } of VARIANTS) {
  test(
    `${name}: one voter grows into three and shrinks again, with standaloneEnabled=false`,
    async () => {
      requireApache();
      const [first, second, third] = [members[2]!, members[1]!, members[0]!];
      await withEnsemble(
        [{ is: first }, { is: second, joins: true }, { is: third, joins: true }],
        async ensemble => {
          putClientPortsIntoServerLines(ensemble);
          await ensemble.start(1);
          await ensemble.start(2);
          const admin = await superClient(ensemble, 1);
          assert.is((await reconfigure(admin, { joining: serverLine(ensemble, 2) })).code, 'OK');
          await isEverywhere(ensemble, serverLines(ensemble, [1, 2]));
          await ensemble.start(3);
          assert.is((await reconfigure(admin, { joining: serverLine(ensemble, 3) })).code, 'OK');
          await isEverywhere(ensemble, serverLines(ensemble, [1, 2, 3]));
          await haveRoles(ensemble, { leaders: [1] });
          await allWrite(ensemble, 'three');
          await digestsAgree(ensemble);
          assert.is((await reconfigure(admin, { leaving: '2,3' })).code, 'OK');
          await isEverywhere(ensemble, serverLines(ensemble, [1]));
          for (const sid of [2, 3]) await ensemble.member(sid).kill();
          await allWrite(ensemble, 'one');
          assert.is((await reconfigure(admin, { leaving: '1' })).code, 'BADARGUMENTS');
        },
        [...RECONFIG_SETTINGS, 'standaloneEnabled=false'],
      );
    },
    DEADLINE,
  );
}
