import { execa } from 'execa';
import { assert, suite, until } from '#test';
import { LOCAL_HOST } from '../../bench/hosts/local-host.ts';
import { isRunning, isStopped, stateOf } from '../../bench/hosts/process-state.ts';
import { SeededRandom } from '../../server/runtime/seeded-random.ts';
import { EchoProcess } from '../testing/echo-process.ts';
import type { ProcessFaultContext } from './context.ts';
import { kill } from './kill.ts';
import { injectOnMembers } from './parts/process-fault.ts';
import { pause } from './pause.ts';

const test = suite('faults of processes');

const target = { role: 'leader' };

/** Whether each fault stops the process without ending it, and how often it restarts the member. */
const FAULTS = [
  { fault: kill({ target }), isStopped: false, restarts: 1 },
  { fault: pause({ target }), isStopped: true, restarts: 0 },
];

for (const { fault, ...expected } of FAULTS) {
  test(`${fault.name} hits the present leader, bites, and heals`, async () => {
    await withMembers(async ({ context, members }) => {
      const [zk1, zk2] = members;
      zk1!.role = 'follower';
      zk2!.role = 'leader';
      const active = await fault.inject(context);
      assert.equal(active.links, ['zk2']);
      assert.is(isStopped(zk2!.pid), expected.isStopped, 'with all its threads, by now');
      const proof = await active.proveBite();
      assert.ok(proof.bit, JSON.stringify(proof));
      assert.is(proof.before['zk2 outcome'], 'answered');
      assert.ok(isRunning(zk1!.pid));

      await active.heal();
      await active.heal();
      // A proof leaves a second for an answer, which a busy machine may miss.
      await until(async () => (await active.proveBite()).after['zk2 outcome'] === 'answered', {
        deadlineMs: 30_000,
        what: 'an answer of zk2',
      });
      assert.not(isStopped(zk2!.pid));
      assert.is(zk2!.restarts, expected.restarts);
    });
  });

  test(`planted: ${fault.name} of a process that does not belong to the member does not bite`, async () => {
    const stranger = execa('sleep', ['60'], { reject: false });
    try {
      await withMembers(async ({ context, members }) => {
        const misled = members.map(({ name, clientAddress, role }) => ({
          name,
          clientAddress,
          pid: stranger.pid!,
          signal: (name: NodeJS.Signals, pid: number) => LOCAL_HOST.signal(pid, name),
          stateOf,
          roleOf: () => role,
          restart: async () => {},
        }));
        const active = await fault.inject({ ...context, members: misled });
        assert.not.ok((await active.proveBite()).bit);
        await active.heal();
      });
    } finally {
      stranger.kill('SIGKILL');
      await stranger;
    }
  });
}

test('a fault that is over at once is proven by its own sign', async () => {
  await withMembers(async ({ context, members }) => {
    const [zk1] = members;
    const pid = zk1!.pid;
    const inject = (apply: () => Promise<void>) =>
      injectOnMembers(
        context,
        { name: 'zk1' },
        {
          apply: async () => {
            await apply();
            return async () => {};
          },
          bites: (outcome, member) => outcome === 'answered' && member.pid !== pid,
          sign: 'answered by another process',
        },
      );
    assert.not.ok((await (await inject(async () => {})).proveBite()).bit, 'nothing was done');
    const restarted = await inject(async () => {
      await zk1!.stop();
      await zk1!.restart();
    });
    const proof = await restarted.proveBite();
    assert.ok(proof.bit, JSON.stringify(proof));
    assert.match(proof.how, 'an answer before and answered by another process now');
  });
});

test('a fault hits as many members of a role as asked for, and the same ones for the same seed', async () => {
  await withMembers(async ({ context, members }) => {
    for (const member of members) member.role = 'follower';
    const fault = pause({ target: { role: 'follower', count: 2 } });
    const hit = async () => {
      const active = await fault.inject({ ...context, random: new SeededRandom(5) });
      await active.heal();
      return active.links;
    };
    const first = await hit();
    assert.is(new Set(first).size, 2);
    assert.equal(await hit(), first);
  });
});

test('a role that too few members have is refused, and the error lists the present roles', async () => {
  await withMembers(async ({ context, members }) => {
    const none = kill({ target: { role: 'observer' } });
    assert.match(
      await none.inject(context).then(String, String),
      /0 members match .*observer.*zk1=leader zk2=follower/,
    );
    const two = kill({ target: { role: 'leader', count: 2 } });
    assert.match(await two.inject(context).then(String, String), '1 members match');
    assert.ok(members.every(({ pid }) => isRunning(pid)));
  });
});

async function withMembers(
  body: (bench: { context: ProcessFaultContext; members: EchoProcess[] }) => Promise<void>,
): Promise<void> {
  const members = await Promise.all([
    EchoProcess.start('zk1', 'leader'),
    EchoProcess.start('zk2', 'follower'),
    EchoProcess.start('zk3', 'follower'),
  ]);
  try {
    await body({ context: { members, random: new SeededRandom(1) }, members });
  } finally {
    for (const member of members) await member.stop();
  }
}
