/**
 * Every workload on the server itself, in virtual time and under faults: its checkers have something to
 * check.
 */
import { assert, suite } from '#test';
import type { PlannedFault } from '../simulation/faults/index.ts';
import { serverProgram } from '../simulation/members/server-program.ts';
import { simulate } from '../simulation/simulate.ts';
import { WORKLOADS } from './index.ts';

const test = suite('workloads in the simulation');

const DEADLINE = { deadlineMs: 240_000 };
const SWARM = { settings: {}, birthMs: 0, link: { latencyMs: 1 }, syncDelayMsMax: 2, turnMsMax: 1 };
const FAULTS: readonly PlannedFault[] = [
  { atMs: 700, durationMs: 300, fault: { kind: 'crash', target: 'leader', how: 'kill' } },
];
/** Sessions take seconds to expire. */
const CHAOS_MS: Readonly<Record<string, number>> = { timeouts: 12_000 };

for (const workload of WORKLOADS.filter(
  ({ name, onRealServersOnly }) => name !== 'mixed' && !onRealServersOnly,
))
  test(
    `${workload.name}: nothing is wrong under faults, and each of its checkers has compared something`,
    () => {
      const chaosMs = CHAOS_MS[workload.name] ?? 1_800;
      const result = simulate(3, {
        program: serverProgram(),
        workload,
        faults: FAULTS,
        swarm: { ...SWARM, chaosMs },
      });
      assert.is(result.verdict, 'passed', result.reasons.join('\n'));
      assert.ok(result.faultsInjected > 0, 'no fault');
      for (const name of workload.judgedBy) {
        const checked = result.judgements.filter(({ checker }) => checker === name).map(each => each.checked);
        assert.ok(
          checked.some(count => count > 0),
          `${name}: ${checked.join()} of ${JSON.stringify(result.judgements)}`,
        );
      }
    },
    DEADLINE,
  );
