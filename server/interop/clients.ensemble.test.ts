/** kazoo and the C client against our leader, followers and observer at once. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assert, onPath, requirePeer, suite, until } from '#test';
import { type Ensemble, type MemberPlan, withEnsemble } from './ensemble.test-kit.ts';

const test = suite('interop: kazoo and cli_mt');
const DEADLINE = { deadlineMs: 400_000 };
/** Of Debian's own Python: the one that Debian's kazoo belongs to. */
const PYTHON = '/usr/bin/python3';
const RECIPES = fileURLToPath(new URL('../../../server/interop/kazoo_recipes.py', import.meta.url));
const CLI_MT = '/usr/lib/zookeeper/bin/cli_mt';
const OBSERVER = 4;
const PLANS: readonly MemberPlan[] = [
  { is: 'zklab' },
  { is: 'zklab' },
  { is: 'zklab' },
  { is: 'zklab', observer: true },
];

function requireKazoo(): void {
  let there = existsSync(PYTHON);
  try {
    execFileSync(PYTHON, ['-c', 'import kazoo'], { stdio: 'ignore' });
  } catch {
    there = false;
  }
  requirePeer('kazoo', there, 'the Python client and its recipes');
  requirePeer('setpriv', onPath('setpriv'), 'what is started dies with the test');
}

/** A child whose output can be waited for. */
class Session {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';

  constructor(command: readonly string[]) {
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: 'pipe' });
    const take = (chunk: Buffer) => {
      this.output += chunk.toString('utf8');
    };
    this.child.stdout?.on('data', take);
    this.child.stderr?.on('data', take);
    this.child.stdin?.on('error', () => {});
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Says `line`, and waits until what came since matches. */
  async says(line: string, expected: RegExp): Promise<void> {
    const from = this.output.length;
    this.child.stdin?.write(`${line}\n`);
    const matches = () => expected.test(this.output.slice(from));
    await until(matches, { deadlineMs: 60_000, what: `${expected} after "${line}"` }).catch(error => {
      throw new Error(`${error.message}; it said: ${this.output.slice(from)}`);
    });
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

async function withSession(
  command: readonly string[],
  body: (session: Session) => Promise<void>,
): Promise<void> {
  const session = new Session(command);
  try {
    await body(session);
  } finally {
    await session.kill();
  }
}

function addresses(ensemble: Ensemble): string[] {
  return [...ensemble.members.values()].map(member => `${member.host}:2181`);
}

function address(ensemble: Ensemble, sid: number): string {
  return `${ensemble.member(sid).host}:2181`;
}

test(
  "kazoo: data, transactions, locks, elections, watches, queues, ACLs and ephemerals across members' clients",
  async () => {
    requireKazoo();
    await withEnsemble(PLANS, async ensemble => {
      await ensemble.start();
      await withSession([PYTHON, RECIPES, ...addresses(ensemble)], async recipes => {
        assert.is(await recipes.ended, 0, recipes.output);
        assert.is(recipes.output.match(/^ok /gm)?.length, 9, recipes.output);
      });
      await ensemble.agrees();
    });
  },
  DEADLINE,
);

test(
  'kazoo: a session goes on at each other member with its id and password, and expires when nobody renews it',
  async () => {
    requireKazoo();
    await withEnsemble(PLANS, async ensemble => {
      await ensemble.start();
      const path = '/held';
      const reader = await ensemble.client(1);
      await withSession([PYTHON, RECIPES, 'hold', address(ensemble, OBSERVER), path], async holder => {
        const [, id = '', password = ''] = await until(() => /^(\d+) (\w+)\n/m.exec(holder.output), {
          deadlineMs: 60_000,
          what: 'the session of kazoo',
        });
        await holder.kill();
        for (const sid of [1, 2, 3, OBSERVER]) {
          const to = address(ensemble, sid);
          await withSession([PYTHON, RECIPES, 'resume', to, path, id, password], async resumed => {
            assert.is(await resumed.ended, 0, resumed.output);
          });
          await reader.sync();
          assert.is(await reader.get(path), to);
        }
      });
      assert.ok((await reader.exists(path, true)) !== null);
      await until(() => reader.events.includes(`2 ${path}`), {
        deadlineMs: 60_000,
        what: 'the session to expire',
      });
      for (const member of ensemble.running) {
        const client = await ensemble.client(member.sid);
        await client.sync();
        assert.is(await client.exists(path), null);
        await client.close();
      }
    });
  },
  DEADLINE,
);

test(
  "cli_mt: the C client's operations and watches at the leader, a follower and the observer",
  async () => {
    requirePeer('cli_mt', existsSync(CLI_MT), 'the C client');
    requirePeer('setpriv', onPath('setpriv'), 'what is started dies with the test');
    await withEnsemble(PLANS, async ensemble => {
      await ensemble.start();
      for (const sid of [1, 3, OBSERVER]) {
        const root = `/c${sid}`;
        const other = await ensemble.client(2);
        await withSession([CLI_MT, '-h', address(ensemble, sid)], async cli => {
          await cli.says('', /Got a new session id/);
          await cli.says(`create ${root}`, /rc = 0\s+name = /);
          await cli.says(`set ${root} value`, /rc = 0 Stat:[\s\S]*version=1\s/);
          await cli.says(`get ${root}`, /rc = 0\s+value_len = 5\s+value\s+Stat:[\s\S]*ephemeralOwner = 0/);
          await cli.says(`create ${root}`, /rc = -110/);
          await cli.says(`create +e ${root}/eph`, /rc = 0\s+name = \S+eph/);
          await cli.says(`create +s ${root}/seq-`, /rc = 0\s+name = \S+seq-0000000001/);
          await cli.says(
            `create2 +s ${root}/two-`,
            /name = \S+two-0000000002[\s\S]*version=0[\s\S]*ephemeralOwner = 0/,
          );
          await cli.says(`delete ${root}`, /rc = -111/);
          await cli.says(`ls ${root}`, /rc = 0\s+eph\s+seq-0000000001\s+two-0000000002\s+time/);
          await cli.says(
            `ls2 ${root}`,
            /rc = 0\s+eph\s+seq-0000000001\s+two-0000000002\s+time[\s\S]*version=1\s/,
          );
          await cli.says(`delete ${root}/two-0000000002`, /rc = 0/);
          await cli.says(`sync ${root}`, /rc = 0/);
          await cli.says(`wexists ${root}/later`, /Error -101 for/);
          const from = cli.output.length;
          await other.sync();
          await other.create(`${root}/later`);
          await until(() => /CREATED_EVENT[^\n]*later/.test(cli.output.slice(from)), {
            deadlineMs: 60_000,
            what: 'the event at the C client',
          });
          await cli.says('quit', /Quitting/);
          await cli.ended;
        });
        await other.sync();
        assert.equal(await other.children(root), ['later', 'seq-0000000001'], 'what quit leaves');
        await other.close();
      }
    });
  },
  DEADLINE,
);
