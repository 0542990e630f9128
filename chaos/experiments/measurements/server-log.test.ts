import { assert, suite } from '#test';
import { logEvents } from '../../../server/metrics/log-events.ts';
import type { ServerEvent } from '../../../server/metrics/server-events.ts';
import { type LogFields, type Logger, silentLogger } from '../../../server/runtime/logging/logger.ts';
import { VirtualClock } from '../../../server/runtime/virtual/virtual-clock.ts';
import { VirtualTime } from '../../../server/runtime/virtual/virtual-time.ts';
import { wayBackOf } from './server-log.ts';

const test = suite('experiments: the way back, from the log of a member');

const MASTER = { host: '127.0.0.9', port: 2191 };

/** The log lines of a server to which these events happened at these times. */
function logOf(...story: readonly (readonly [time: number, event: ServerEvent])[]): string {
  let now = 0;
  let text = '';
  const write = (msg: string, fields?: LogFields): void => {
    text += `${JSON.stringify({ level: 30, time: now, msg, ...fields })}\n`;
  };
  const logger: Logger = { ...silentLogger, info: write, warn: write };
  const listener = logEvents({ logger, clock: new VirtualClock(new VirtualTime()) });
  for (const [time, event] of story) {
    now = time;
    listener(event);
  }
  return text;
}

test('the attempt that led to serving is found by its events, not by the wording of a line', () => {
  const elected = { kind: 'elected', state: 'OBSERVING', leader: 2, tookMs: 1 } as const;
  const role = { role: 'observer', hearsProposals: false } as const;
  const synced = { ...role, epoch: 3, master: MASTER, mode: 'SNAP', bytes: 9, tookMs: 5 } as const;
  const log = logOf(
    [1_010, elected],
    [1_020, { kind: 'learningEnds', role: 'observer', master: MASTER, reason: 'DIFF from the master' }],
    [1_100, elected],
    [1_130, { kind: 'syncBegun', mode: 'SNAP', zxid: 7, lastLogged: 6 }],
    [1_170, { kind: 'synced', ...synced }],
    [1_900, { kind: 'synced', ...synced, mode: 'DIFF' }],
  );
  assert.equal(wayBackOf(`not a line of a server\n${log}`, 1_000, 1_200), {
    marks: { electedMs: 100, syncModeChosenMs: 130, upToDateMs: 170 },
    mode: 'SNAP',
    masterHost: MASTER.host,
  });
});

test('a log without a sync has no way back', () => {
  assert.is(wayBackOf(logOf([1_010, { kind: 'newEpoch', epoch: 1 }]), 1_000, 1_200), undefined);
});
