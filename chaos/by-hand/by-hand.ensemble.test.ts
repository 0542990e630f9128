/** `zklab fault` and `zklab heal` against a running `zklab up`, as processes of their own. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { assert, suite, temporaryFolder, until } from '#test';
import type { FaultInForce, Listing } from './fault-desk.ts';

const test = suite('zklab fault');
const ZKLAB = fileURLToPath(new URL('../../zklab.js', import.meta.url));

test(
  'links and processes are broken by role and name, listed with the state of every link, and healed',
  async () => {
    const env = { XDG_RUNTIME_DIR: temporaryFolder(), ZKLAB_RUNS: temporaryFolder() };
    const zklab = (...args: string[]) => execa(process.execPath, [ZKLAB, ...args], { env, reject: false });
    const json = async <T>(...args: string[]) => JSON.parse((await zklab(...args, '--json')).stdout) as T;
    const up = execa(process.execPath, [ZKLAB, 'up', 'voters=3 observers=1'], { env, reject: false });
    let printed = '';
    up.stdout.on('data', data => {
      printed += data;
    });
    try {
      await until(() => printed.includes('Ctrl-C stops everything'), {
        deadlineMs: 60_000,
        what: 'zklab up',
      });
      assert.match(printed, /zklab fault cut leader observers +# drop/);

      const cut = await zklab('fault', 'cut', 'leader', 'observers');
      assert.is(cut.exitCode, 0, cut.stderr);
      assert.match(cut.stdout, /^fault 1: blackhole on \d+ links of .*\nit bit: .*\nheal it: zklab heal 1$/);
      const killed = await json<FaultInForce>('fault', 'kill', 'follower');
      assert.equal([killed.id, killed.bit], [2, true]);

      const listing = await json<Listing>('fault', 'list');
      assert.equal(
        listing.faults.map(({ id, fault }) => [id, fault.fault]),
        [
          [1, 'blackhole'],
          [2, 'kill'],
        ],
      );
      assert.ok(listing.links.some(({ state }) => state === 'blackhole both ways'));
      assert.ok(listing.links.some(({ state }) => state === 'ok'));
      assert.is(listing.members.filter(({ role }) => role === 'down').length, 1);
      assert.match((await zklab('fault', 'list')).stdout, /fault +what +proof +since\n1 +blackhole on/);

      const refused = await zklab('fault', 'cut', 'leeder');
      assert.is(refused.exitCode, 2);
      assert.match(refused.stderr, /^zklab: target "leeder": accepted are v1, v2, v3, o1, leader/);
      assert.is((await zklab('heal', '7')).exitCode, 2);

      assert.match((await zklab('heal')).stdout, /^healed fault 2: .*\nhealed fault 1: /);
      const healed = await json<Listing>('fault', 'list');
      assert.ok(healed.links.every(({ state }) => state === 'ok'));
      await until(
        async () => (await json<Listing>('fault', 'list')).members.every(({ role }) => role !== 'down'),
        {
          deadlineMs: 30_000,
          what: 'all members to be back',
        },
      );

      assert.is((await zklab('fault', 'pause', 'follower', '--for', '2s')).exitCode, 0);
      await until(async () => (await json<Listing>('fault', 'list')).faults.length === 0, {
        deadlineMs: 20_000,
        what: 'the pause to heal by itself',
      });
    } finally {
      up.kill('SIGINT');
      assert.is((await up).exitCode, 0);
    }
    const gone = await zklab('fault', 'list');
    assert.is(gone.exitCode, 2);
    assert.match(gone.stderr, /no zklab up runs/);
  },
  { deadlineMs: 200_000 },
);
