/**
 * How long clients of the voters wait while an observer is promoted and demoted again, and while nothing is
 * changed. No role of a member with clients changes, so that none of them has a reason to be interrupted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAddress } from '../../../bench/hosts/ports.ts';
import { ZkClient } from '../../../bench/load/client/client.ts';
import type { Recorder } from '../../../bench/measure/recorder.ts';
import type { Member } from '../../../bench/topology/member.ts';
import { CONDITIONS } from '../../../results/names.ts';
import type { Stage } from '../stage.ts';
import { steadyClients } from './steady-clients.ts';

export interface ReconfigContext {
  readonly stage: Stage;
  readonly round: number;
  readonly recorder: Recorder;
  /** A node that exists. */
  readonly path: string;
  readonly signal: AbortSignal;
}

export interface ReconfigTiming {
  /** Of each client, between two requests. */
  readonly everyMs: number;
  /** Promotions, and as many demotions. */
  readonly promotions: number;
  /** After each of them. */
  readonly pauseMs: number;
}

/** For a quorum of the next configuration to be in sync. */
const CHANGED_MAX_MS = 20_000;
const RETRY_MS = 50;

export async function measureReconfigurations(
  context: ReconfigContext,
  timing: ReconfigTiming,
): Promise<void> {
  const { stage, signal } = context;
  const { leader, observers } = await stage.assignRoles();
  const [observer] = observers;
  if (observer === undefined) throw new Error(`${stage.name} has no observer that could be promoted`);
  const operator = await ZkClient.connect(leader.ownAddress);
  try {
    let tookMs = 0;
    await recordWait(context, timing, CONDITIONS.reconfigured, async () => {
      const begunAt = performance.now();
      for (let i = 0; i < 2 * timing.promotions; i++) {
        signal.throwIfAborted();
        await change(operator, observer, i % 2 === 0 ? 'participant' : 'observer');
        await sleep(timing.pauseMs, undefined, { signal });
      }
      tookMs = performance.now() - begunAt;
    });
    // The control takes as long, since a longer time has a longer longest wait.
    await recordWait(context, timing, CONDITIONS.steadyClients, () => sleep(tookMs, undefined, { signal }));
  } finally {
    await operator.close();
  }
}

/** @throws Error when it is refused for too long */
async function change(operator: ZkClient, { plan }: Member, role: 'participant' | 'observer'): Promise<void> {
  const { quorum, election, client } = plan.ports;
  const joining = `server.${plan.sid}=${quorum.host}:${quorum.port}:${election.port}:${role};${formatAddress(client)}`;
  const giveUpAt = performance.now() + CHANGED_MAX_MS;
  for (;;) {
    try {
      await operator.reconfig({ joining });
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await sleep(RETRY_MS);
    }
  }
}

async function recordWait(
  { stage, round, recorder, path }: ReconfigContext,
  { everyMs }: ReconfigTiming,
  condition: string,
  body: () => Promise<unknown>,
): Promise<void> {
  const voters = stage.ensemble.members.filter(({ plan }) => plan.role === 'participant');
  const place = { metric: 'longestWaitMs', topology: stage.name, condition };
  const { longestWaitMs } = await steadyClients(voters, { path, everyMs }, body);
  recorder.sample(place, round, longestWaitMs);
}
