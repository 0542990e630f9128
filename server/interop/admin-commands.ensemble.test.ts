/**
 * Compares AdminServer's commands about the ensemble with Apache's: the same keys in the same order, with
 * values of the same types.
 */
import { readFileSync } from 'node:fs';
import { assert, suite, until } from '#test';
import { type Ensemble, withEnsemble } from './ensemble.test-kit.ts';
import { type Implementation, type Member, requireApache } from './member.test-kit.ts';

const test = suite('interop: commands of AdminServer');
const DEADLINE = { deadlineMs: 400_000 };
const OBSERVER = 4;

/** The value's type by key, through all that it holds. */
/** The keys are sorted, because Apache's own order is that in which its JVM reflects on a class. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  const entries = Object.entries(value).map(([key, each]) => [key, shapeOf(each)] as const);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The answer of the member that serves the observer. */
async function observersOf(ensemble: Ensemble, settings: readonly string[]): Promise<unknown> {
  const masters = settings.length > 0 ? [1, 2] : [3];
  return until(
    async () => {
      for (const sid of masters) {
        const answer = await ensemble.member(sid).command('observers');
        if (answer.synced_observers !== 1) continue;
        const [observer] = answer.observers as { last_zxid: number; requests: number }[];
        return observer !== undefined && observer.last_zxid > 0 && observer.requests === 2
          ? answer
          : undefined;
      }
      return undefined;
    },
    { deadlineMs: 60_000, what: 'an observer of whom it is known what it asked', intervalMs: 50 },
  );
}

for (const [name, settings] of [
  ['a leader', []],
  ['an observer master', ['observerMasterPort=2889']],
] as const) {
  test(
    `observers: as Apache's, from ${name}`,
    async () => {
      requireApache();
      const shapes: unknown[] = [];
      for (const is of ['apache', 'zklab'] as const) {
        const member = { is, admin: true };
        await withEnsemble(
          [member, member, member, { is: 'zklab', observer: true }],
          async ensemble => {
            await ensemble.start(1, 3);
            assert.is((await ensemble.leader()).sid, 3, 'the highest of a quorum without history');
            await ensemble.start(2, OBSERVER);
            await (await ensemble.client(OBSERVER)).create('/a');
            shapes.push(shapeOf(await observersOf(ensemble, settings)));
          },
          settings,
        );
      }
      assert.equal(shapes[1], shapes[0]);
    },
    DEADLINE,
  );
}

async function doesNotServe(member: Member): Promise<void> {
  assert.match(await member.word('srvr'), /^This ZooKeeper instance is not currently serving requests/);
}

test(
  "field report C4: leaderServes=no: the leader's state and statistics as Apache's",
  async () => {
    requireApache();
    const shapes: unknown[] = [];
    for (const is of ['apache', 'zklab'] as const) {
      await withEnsemble(
        [{ is }, { is, admin: true }],
        async ensemble => {
          for (const member of ensemble.members.values()) member.start();
          await ensemble.member(1).serves();
          await (await ensemble.client(1)).create('/a');
          const leader = ensemble.member(2);
          const stats = await leader.command('server_stats');
          assert.is((stats.server_stats as { server_state: string }).server_state, 'leader');
          assert.ok((stats.proposal_stats as { last_buffer_size: number }).last_buffer_size > 0);
          const { server_state, last_proposal_size } = await leader.command('monitor');
          assert.is(server_state, 'leader');
          assert.ok(Number(last_proposal_size) > 0);
          await doesNotServe(leader);
          shapes.push(shapeOf(stats));
        },
        ['leaderServes=no'],
      );
    }
    assert.equal(shapes[1], shapes[0]);
  },
  DEADLINE,
);

test(
  "zabstate: the state of the leader and of a follower as Apache's, addresses as objects",
  async () => {
    requireApache();
    const shapes: unknown[] = [];
    for (const is of ['apache', 'zklab'] as const) {
      await withEnsemble(
        [
          { is, admin: true },
          { is, admin: true },
        ],
        async ensemble => {
          await ensemble.start();
          const states = [1, 2].map(sid => ensemble.member(sid).command('zabstate'));
          shapes.push((await Promise.all(states)).map(shapeOf));
        },
      );
    }
    assert.equal(shapes[1], shapes[0]);
  },
  DEADLINE,
);

test(
  'field report C4: initial_configuration: the text of zoo.cfg; where Apache has none, in an ensemble, ours too',
  async () => {
    requireApache();
    const texts = async (is: Implementation, members: number) => {
      let told: unknown;
      let file = '';
      await withEnsemble(
        Array.from({ length: members }, () => ({ is, admin: true })),
        async ensemble => {
          await ensemble.start();
          const member = ensemble.member(1);
          told = (await member.command('initial_configuration')).initial_configuration;
          file = readFileSync(member.configPath, 'utf8');
        },
      );
      return told === file ? 'zoo.cfg' : told;
    };
    assert.is(await texts('apache', 1), 'zoo.cfg');
    assert.is(await texts('zklab', 1), 'zoo.cfg');
    assert.is(await texts('apache', 2), null, 'nobody gives it to the server of a quorum');
    assert.is(await texts('zklab', 2), 'zoo.cfg');
  },
  DEADLINE,
);
