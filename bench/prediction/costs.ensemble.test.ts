/**
 * `bench costs` once with two tiny ensembles: what real members count is the work of the protocol, and too
 * few windows give no model.
 */
import { join } from 'node:path';
import { assert, suite, temporaryFolder } from '#test';
import { loadRun } from '../../results/store.ts';
import { terminal } from '../terminal.ts';
import type { Cell } from './cells.ts';
import { benchCosts } from './costs.ts';
import { predict } from './predict.ts';

const test = suite('bench costs');

const CELLS: readonly Cell[] = [
  { name: 'one voter', topology: 'voters=1', clients: 'leader', sinks: 0, isHeldOut: false },
  {
    name: 'a voter, an observer and sinks',
    topology: 'voters=1 observers=1',
    clients: 'observers',
    sinks: 3,
    isHeldOut: true,
  },
];

/** Members are asked one after the other, so a write may be under way between them. */
const near = (found: number, truth: number, what: string) =>
  assert.ok(Math.abs(found - truth) <= 10, `${what}: ${found} and ${truth}`);

test(
  'members count the work of the protocol; two ensembles are too few for a model, and for a prediction',
  async () => {
    const root = temporaryFolder();
    const printed: string[] = [];
    const out = terminal({ out: { write: text => printed.push(text) }, err: { write: () => {} } });
    const signal = new AbortController().signal;
    const options = { rounds: 1, windowMs: 200, warmupMs: 0, json: false, cells: CELLS, signal, root };
    assert.is(await benchCosts(out, options), 3);
    const { workWindows = [], validity } = await loadRun(join(root, 'latest'));
    assert.is(workWindows.length, 7, JSON.stringify(validity));
    for (const { members, observers, topology } of workWindows) {
      const leader = members.find(({ role }) => role === 'leader')!;
      assert.ok(members.every(({ cpuUs }) => cpuUs > 0));
      near(
        leader.work.observerTold! / Math.max(1, observers),
        observers === 0 ? 0 : leader.work.led!,
        topology,
      );
      assert.ok(leader.work.flush! > 0 && leader.work.turn! > 0 && leader.work.fsync! > 0);
      const observer = members.find(({ role }) => role === 'observer');
      if (observer === undefined) continue;
      near(observer.work.observed!, leader.work.led!, topology);
      assert.ok(observer.work.forwarded! <= leader.work.forwarded!);
    }
    assert.match(printed.join('\n'), /no cost model: 4 windows to fit costs to/);
    const question = {
      topology: 'voters=3',
      rate: 100,
      ...{ coresPerMember: '1', nic: '1gbit', rtt: '1ms', valueBytes: 100, clients: 'voters', sessions: 1 },
    };
    try {
      await predict(out, { ...question, root });
      assert.unreachable('predicted from two ensembles');
    } catch (error) {
      assert.match((error as Error).message, /is too short: 4 windows to fit costs to/);
    }
  },
  { deadlineMs: 300_000 },
);
