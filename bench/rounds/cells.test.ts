/** What goes wrong costs its own cell, and the run says what it did not measure. */
import { assert, suite } from '#test';
import { NO_EVENTS } from '../../results/events.ts';
import { plantedResult } from '../claims/claims.test-kit.ts';
import { judgeAll } from '../claims/judging/judge-all.ts';
import { livenessAfterHeal } from '../claims/liveness-after-heal.ts';
import { LoadError } from '../load/load-error.ts';
import { Recorder } from '../measure/recorder.ts';
import { EnsembleError } from '../topology/ensemble-error.ts';
import { CellLedger, withoutSamples } from './cell-ledger.ts';
import { Cells } from './cells.ts';
import { NotHealed } from './not-healed.ts';
import type { RunningTopology } from './running-topology.ts';

const test = suite('bench/rounds: cells');

/** A stage with one member, of which tests say what happens to it. */
class FakeStage {
  readonly name: string;
  readonly hasLinks = true;
  state: 'running' | 'stopped' | 'gone' = 'running';
  /** What brings the member back. */
  readonly mends: string[] = [];
  /** How often the ensemble does not become ready. */
  unready = 0;
  readonly ensemble;

  constructor(name: string) {
    this.name = name;
    const deaths: { member: string; role: string; at: number; exit: string; logEnd: string }[] = [];
    const member = {
      name: 'o1',
      pid: 7,
      host: { stateOf: () => this.state },
      process: { exited: Promise.resolve() },
      resume: () => this.#back('SIGCONT'),
    };
    const restart = async () => this.#back('restart');
    const ready = async () => {
      if (this.unready-- > 0) throw new EnsembleError('the ensemble was not ready within 1000 ms\n more');
    };
    this.ensemble = { members: [member], deaths, restart, ready };
  }

  begin(): void {}

  dies(): void {
    this.state = 'gone';
    this.ensemble.deaths.push({ member: 'o1', role: 'observer', at: 1, exit: 'signal SIGKILL', logEnd: '' });
  }

  #back(how: string): void {
    this.state = 'running';
    this.mends.push(how);
  }
}

function play(lost: () => string | undefined = () => undefined, wallClock = Date.now) {
  const [recorder, ledger, ending] = [new Recorder(), new CellLedger(), new AbortController()];
  const cells = new Cells({
    ...{ ledger, recorder, events: NO_EVENTS, signal: ending.signal, recoverMaxMs: 1_000 },
    proxiesLost: async () => lost(),
    wallClock,
  });
  /** Runs `rounds` of writes on a stage. `then` is the mishap. */
  const run = async (stage: FakeStage, rounds: number, then: (round: number) => void = () => {}) => {
    for (let round = 0; round < rounds; round++) {
      const cell = { experiment: 'writes', stage: stage as unknown as RunningTopology, condition: 'healthy' };
      await cells.measure({ ...cell, round, of: rounds }, async () => {
        recorder.sample({ metric: 'm', topology: stage.name, condition: 'healthy' }, round, round);
        then(round);
      });
      recorder.keep();
    }
  };
  const counted = () =>
    recorder
      .measured()
      .measurements.filter(({ metric }) => metric === 'm')
      .map(({ topology, samples }) => `${topology}: ${samples.map(({ round }) => round)}`);
  return { run, cells, recorder, ledger, ending, counted };
}

test('a member that dies costs its own cell, though the load went on; it is started again, and the rest counts', async () => {
  const { run, ledger, counted, recorder } = play();
  const [a, b] = [new FakeStage('a'), new FakeStage('b')];
  await run(a, 4, round => void (round === 1 && a.dies()));
  await run(b, 4);
  assert.equal(counted(), ['a: 0,2,3', 'b: 0,1,2,3']);
  assert.match(recorder.measured().measurements[0]!.summary.warnings[0]!, /void round 2: o1 ended by itself/);
  assert.equal(ledger.unmeasured(), [
    'writes of a, healthy: 3 of 4 rounds were measured; round 2: o1 ended by itself with signal SIGKILL',
  ]);
});

test('a member that died between two cells is started again before the next, which then counts', async () => {
  const { run, ledger, counted } = play();
  const a = new FakeStage('a');
  a.state = 'gone';
  await run(a, 2);
  assert.equal(a.mends, ['restart']);
  assert.equal([counted(), ledger.unmeasured()], [['a: 0,1'], []]);
});

test('an error of any kind that a dead or paused member causes names the member, not the error', async () => {
  const { run, ledger } = play();
  const a = new FakeStage('a');
  await run(a, 2, round => {
    if (round === 1) return;
    a.state = 'stopped';
    throw new Error('four-letter word mntr to 127.1.1.1:2181: connect ECONNREFUSED');
  });
  assert.match(ledger.unmeasured()[0]!, /round 1: o1 \(process 7\) was paused by somebody else$/);
  assert.equal(a.mends, ['SIGCONT']);
});

test('a stage that cannot be mended is given up; each of its later cells is recorded as lost', async () => {
  const { run, ledger, counted } = play();
  const a = new FakeStage('a');
  a.unready = 1;
  await run(a, 4, round => {
    if (round === 1) throw new EnsembleError('there are 0 leaders');
  });
  assert.equal(counted(), ['a: 0']);
  assert.equal(ledger.unmeasured(), [
    'writes of a, healthy: 1 of 4 rounds were measured; round 2: there are 0 leaders; rounds 3, 4: ' +
      'there are 0 leaders; it was not mended: the ensemble was not ready within 1000 ms',
  ]);
});

test('an ensemble that never serves again, though no process ended and its links work, has lost its liveness', async () => {
  const livenessOf = async (a: FakeStage, then: (round: number) => void) => {
    const { run, recorder } = play();
    a.unready = 1;
    await run(a, 2, then);
    return judgeAll([livenessAfterHeal], { ...plantedResult([]), ...recorder.measured() })[0]!;
  };
  const noLeader = () => {
    throw new EnsembleError('there are 0 leaders');
  };
  const failed = await livenessOf(new FakeStage('a'), noLeader);
  assert.is(failed.verdict, 'fails');
  assert.match(failed.reason, 'there are 0 leaders; it was not mended');
  const killed = new FakeStage('b');
  const shown = await livenessOf(killed, () => {
    killed.dies();
    noLeader();
  });
  assert.is(shown.verdict, 'not shown here', 'the member was killed');
});

test('a wall clock that is set meanwhile costs the cell alone, like a void round', async () => {
  let byMs = 0;
  const { run, ledger, counted, recorder } = play(undefined, () => Date.now() + byMs);
  await run(new FakeStage('a'), 4, round => {
    if (round === 2) byMs = -3_600_000;
  });
  assert.equal(counted(), ['a: 0,1,3']);
  assert.equal(ledger.unmeasured(), []);
  assert.match(recorder.measured().measurements[0]!.summary.warnings[0]!, /wall clock was set by -36\d+ ms/);
});

test('a fault that was not healed ends the stage at once', async () => {
  const { run, ledger } = play();
  const a = new FakeStage('a');
  await run(a, 3, () => {
    throw new NotHealed('no write committed within 1000 ms');
  });
  assert.match(ledger.unmeasured()[0]!, /0 of 3 rounds were measured; rounds 1 to 3: no write committed/);
});

test('a Toxiproxy that is gone makes its cell void and ends every stage with links, and the reason names it', async () => {
  let gone: string | undefined;
  const { run, ledger, counted } = play(() => gone);
  const [a, b] = [new FakeStage('a'), new FakeStage('b')];
  await run(a, 3, round => {
    if (round === 1) gone = 'Toxiproxy (process 9) ended by itself with signal SIGKILL';
  });
  await run(b, 1);
  assert.equal(counted(), ['a: 0', 'b: ']);
  assert.match(
    ledger.unmeasured().join(),
    /rounds 2, 3: Toxiproxy .* ended.*writes of b.*round 1: Toxiproxy/,
  );
});

test('a load that could not be run costs one cell, and a few are left out like void rounds; many cost the stage', async () => {
  const fails = (times: number) => (round: number) => {
    if (round < times) throw new LoadError('load driver: no session was made');
  };
  const once = play();
  await once.run(new FakeStage('a'), 4, fails(1));
  assert.equal(once.counted(), ['a: 1,2,3']);
  assert.equal(once.ledger.unmeasured(), []);
  const often = play();
  await often.run(new FakeStage('a'), 8, fails(99));
  assert.match(often.ledger.unmeasured()[0]!, /0 of 8 rounds were measured; rounds 1 to 8: load driver/);
  assert.match(often.recorder.remarks.at(-1)!, 'a was measured no further: load driver');
});

test('a preparation is tried again once the stage is mended, and its last failure gives the stage up', async () => {
  const { cells, run, ledger } = play();
  const [a, b] = [new FakeStage('a'), new FakeStage('b')];
  let attempts = 0;
  await cells.prepare(a as unknown as RunningTopology, 'warming up', async () => {
    if (++attempts === 1) throw new EnsembleError('there are 0 leaders');
  });
  assert.is(attempts, 2);
  await cells.prepare(b as unknown as RunningTopology, 'warming up', async () => {
    throw new EnsembleError('there are 0 leaders');
  });
  await run(a, 1);
  await run(b, 1);
  assert.equal(ledger.unmeasured(), [
    'writes of b, healthy: 0 of 1 rounds were measured; round 1: warming up: there are 0 leaders',
  ]);
});

test('a defect of zklab is not taken for trouble of a stage, and an interruption is passed on', async () => {
  const played = play();
  const defect = await played
    .run(new FakeStage('a'), 1, () => {
      throw new TypeError('x is not a function');
    })
    .catch(String);
  assert.match(String(defect), 'x is not a function');
  const interrupted = await played.run(new FakeStage('a'), 1, () => played.ending.abort()).catch(String);
  assert.match(String(interrupted), 'AbortError');
});

test('a condition of which no round counts is not measured either', () => {
  const recorder = new Recorder();
  const place = (metric: string, condition: string) => ({ metric, topology: 'a', condition });
  recorder.voided(place('writeThroughput', 'slow'), 0, 'latency did not bite');
  recorder.voided(place('writeLatencyP50', 'slow'), 0, 'latency did not bite');
  recorder.sample(place('writeThroughput', 'healthy'), 0, 1);
  recorder.voided(place('writeLatencyP99', 'healthy'), 0, 'too many late sends');
  recorder.sample(place('writeThroughput', 'odd'), 0, Number.POSITIVE_INFINITY);
  assert.equal(withoutSamples(recorder.measured().measurements), [
    'a, slow: no round counts; void round 1: latency did not bite',
    'a, odd: no round counts; void round 1: the measured value is Infinity',
  ]);
});
