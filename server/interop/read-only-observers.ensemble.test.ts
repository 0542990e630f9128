/**
 * Apache's Java and C clients and kazoo, unmodified, use an observer of ours while there is no quorum.
 * Apache's own observer is the control. The voters are Apache's.
 */
import { assert, suite } from '#test';
import {
  address,
  CLI_MT,
  ClientProgram,
  PYTHON,
  RECIPES,
  requireCliMt,
  requireKazoo,
  zkCli,
} from './client-program.test-kit.ts';
import { type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';

const test = suite('interop: read-only observers');
const DEADLINE = { deadlineMs: 240_000 };

const VOTERS = [1, 2, 3];
const [OURS, APACHES] = [4, 5];
const PLANS: readonly MemberPlan[] = [
  ...VOTERS.map(() => ({ is: 'apache' }) as const),
  { is: 'zklab', observer: true },
  { is: 'apache', observer: true },
];
const SETTINGS = ['localSessionsEnabled=true', 'observer.readOnly.enabled=true'];

test(
  '003-3, 003-10, 003-12, 003-18: clients of Java, C and Python read on at our observer, hear of the outage, and write again',
  async () => {
    requireApache();
    requireKazoo();
    requireCliMt();
    await withEnsemble(
      PLANS,
      async ensemble => {
        await ensemble.start();
        await (await ensemble.client(VOTERS[0]!)).create('/a', 'before');
        const programs = [
          zkCli(address(ensemble, OURS), '-r'),
          zkCli(address(ensemble, APACHES), '-r'),
          [CLI_MT, '-h', address(ensemble, OURS), '-r'],
          [PYTHON, RECIPES, 'outage', address(ensemble, OURS), '/a'],
        ].map(command => new ClientProgram(command));
        const [java, control, c, kazoo] = programs as [
          ClientProgram,
          ClientProgram,
          ClientProgram,
          ClientProgram,
        ];
        try {
          await (await ensemble.client(OURS)).sync();
          for (const client of [java, control]) {
            await client.hears(/state:SyncConnected/);
            await client.says('get -w /a', /before/);
          }
          await c.hears(/CONNECTED_STATE/);
          await kazoo.hears(/ready/);

          await Promise.all(VOTERS.map(sid => ensemble.member(sid).kill()));
          await java.hears(/state:ConnectedReadOnly/);
          await control.hears(/state:(Disconnected|Expired)/);
          await c.hears(/READONLY_STATE/);
          const from = java.output.length;
          await java.says('get /a', /before/);
          await java.says('set /a refused', /NotReadOnly|Not a read-only call/i);
          await c.says('get /a', /before/);
          await kazoo.says('go', /reads on/);

          await ensemble.start(...VOTERS);
          await java.hears(/state:SyncConnected/, from);
          const writer = await ensemble.client(VOTERS[0]!);
          await writer.set('/a', 'after');
          await java.hears(/NodeDataChanged/, from);
          await java.says('set -s /a written', /dataVersion = /);
          await java.says('get /a', /written/);
          await c.says('set /a more', /rc = 0/);
          await kazoo.says('go', /ok outage/);
          assert.not.match(java.output, /Disconnected|Expired/);
          assert.not.match(c.output, /CONNECTING_STATE[\s\S]*CONNECTED_STATE[\s\S]*CONNECTING_STATE/);
        } finally {
          await Promise.all(programs.map(program => program.kill()));
        }
        await ensemble.agrees();
      },
      SETTINGS,
    );
  },
  DEADLINE,
);

test(
  '003-12: Apache’s Java client hears of the end of an outage also when a watch fires before it',
  async () => {
    requireApache();
    await withEnsemble(
      PLANS.slice(0, OURS),
      async ensemble => {
        await ensemble.start();
        await (await ensemble.client(VOTERS[0]!)).create('/a', 'before');
        const java = new ClientProgram(zkCli(address(ensemble, OURS), '-r'));
        try {
          await (await ensemble.client(OURS)).sync();
          await java.hears(/state:SyncConnected/);
          await java.says('get -w /a', /before/);
          await Promise.all(VOTERS.map(sid => ensemble.member(sid).kill()));
          await java.hears(/state:ConnectedReadOnly/);
          const from = java.output.length;
          // The write is committed before the observer is back.
          await ensemble.member(OURS).pause();
          await ensemble.start(...VOTERS);
          await (await ensemble.client(VOTERS[0]!)).set('/a', 'after');
          ensemble.member(OURS).resume();
          await java.hears(/NodeDataChanged[\s\S]*state:SyncConnected type:None/, from);
          await java.says('set -s /a written', /dataVersion = /);
          assert.not.match(java.output, /Disconnected|Expired/);
        } finally {
          await java.kill();
        }
        await ensemble.agrees();
      },
      SETTINGS,
    );
  },
  DEADLINE,
);
