/** What applications see of a failover, through the clients that they use. */
import { fileURLToPath } from 'node:url';
import { assert, requirePeer, suite, temporaryFolder, until as waitUntil } from '#test';
import { Ensemble } from '../../bench/topology/ensemble.ts';
import { planEnsemble } from '../../bench/topology/plan.ts';
import { topologyOf } from '../../bench/topology/topology.ts';
import { CLIENT_KINDS } from '../real-clients/client-kinds.ts';
import { ClientProgram } from '../real-clients/client-program.ts';
import { LiveWorkload, prepareNodes } from './live/live-workload.ts';
import { realClients, startApplications } from './real-clients.ts';
import { complaintsOf, judgeWorkload } from './records/judge-workload.ts';
import type { Workload } from './workload.ts';

const test = suite('workloads: real clients');
const DEADLINE = { deadlineMs: 400_000 };
const SOON_MS = 120_000;

async function withEnsemble(body: (ensemble: Ensemble) => Promise<void>): Promise<void> {
  for (const kind of CLIENT_KINDS) requirePeer(kind.name, kind.missing() === undefined, 'a real client');
  const topology = topologyOf({ voters: 3, observers: 0, implementation: 'zklab', settings: {} }, 'clients');
  const ensemble = await Ensemble.start(await planEnsemble(topology, temporaryFolder()));
  try {
    await body(ensemble);
  } finally {
    await ensemble.stop();
  }
}

async function started(
  { members }: Ensemble,
  workload: Workload,
  options: object,
  sessionTimeoutMs = 8_000,
): Promise<LiveWorkload> {
  await prepareNodes(members[0]!.ownAddress, workload, options);
  const servers = members.map(({ plan }) => plan.ports.client);
  return new LiveWorkload(workload, { servers, seed: '1', sessionTimeoutMs }, options);
}

/** Every client has succeeded that often since. */
async function untilAll(load: LiveWorkload, count: number, sinceMs = 0): Promise<void> {
  const giveUpAt = performance.now() + SOON_MS;
  for (;;) {
    const counts = new Map<number, number>();
    for await (const history of load.histories())
      for (const { type, process, timeMs } of history)
        if (type === 'ok' && timeMs >= sinceMs) counts.set(process, (counts.get(process) ?? 0) + 1);
    if ([1, 2, 3, 4].every(process => (counts.get(process) ?? 0) >= count)) return;
    if (performance.now() > giveUpAt) throw new Error(`${JSON.stringify([...counts])}; ${load.problem}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** A client whose recipe gives a lock to everybody. */
const HASTY = fileURLToPath(new URL('../../../chaos/testing/hasty_lock_client.py', import.meta.url));
const hasty: Workload = {
  ...(realClients as Workload),
  start(world, options) {
    const kazoo = CLIENT_KINDS.find(({ name }) => name === 'kazoo')!;
    const command = (...of: Parameters<typeof kazoo.command>) => {
      const [python = '', , ...args] = kazoo.command(...of);
      return [python, HASTY, ...args];
    };
    return startApplications(world, options as never, [{ ...kazoo, command }]);
  },
};

test(
  'the leader is killed: every client goes on with its session, nothing is wrong; a lock that is given twice is found',
  () =>
    withEnsemble(async ensemble => {
      const load = await started(ensemble, realClients as Workload, { clients: 4 });
      await untilAll(load, 5);
      const leader = await ensemble.leader();
      await leader.process.kill();
      const killedAtMs = load.nowMs;
      await untilAll(load, 5, killedAtMs);
      leader.start();
      await ensemble.ready();
      await load.stop(SOON_MS);
      assert.is(load.problem, undefined);
      const judgements = await judgeWorkload(ensemble, load, SOON_MS);
      assert.equal(complaintsOf(judgements), []);
      const { notes = [] } = judgements.find(({ checker }) => checker === 'real clients')!;
      process.stdout.write(`  ${notes.join('\n  ')}\n`);
      for (const name of ['java 1', 'c 2', 'kazoo 3', 'curator 4'])
        assert.match(
          notes.join('\n'),
          new RegExp(`^${name}: .*longest gap [1-9]\\d* ms.*no session lost$`, 'm'),
        );

      const wrong = await started(ensemble, hasty, { clients: 4, does: ['locks'] });
      await untilAll(wrong, 20);
      await wrong.stop(SOON_MS);
      const found = complaintsOf(await judgeWorkload(ensemble, wrong, SOON_MS));
      assert.match(found.join('\n'), /mutual exclusion: .* wrote at zxid \d+ in turn \d+, but operation/);
    }),
  DEADLINE,
);

test(
  'a client that stands still for longer than its timeout is told that its session is gone',
  () =>
    withEnsemble(async ({ members }) => {
      const address = members[0]!.ownAddress;
      for (const kind of CLIENT_KINDS) await kind.prepare();
      const outcomes = CLIENT_KINDS.map(async kind => {
        const states: string[] = [];
        let heard = () => {};
        const until = (state: string) =>
          new Promise<void>(resolve => {
            heard = () => states.includes(state) && resolve();
            heard();
          });
        const program = new ClientProgram(kind.command(address, 1_500), {
          onAnswer() {},
          onEnd() {},
          onState({ state }) {
            states.push(state);
            heard();
          },
        });
        await until('connected');
        program.signal('SIGSTOP');
        const stoppedAt = performance.now();
        const isOver = () => performance.now() - stoppedAt > 4_000;
        await waitUntil(isOver, { deadlineMs: SOON_MS, what: 'sessions to expire' });
        program.signal('SIGCONT');
        await until('expired');
        await program.close();
      });
      await Promise.all(outcomes);
    }),
  DEADLINE,
);
