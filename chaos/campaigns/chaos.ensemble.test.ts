/** All of `zklab chaos` on short schedules: what it leaves, and that it finds planted bugs. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, bundled, suite, temporaryFolder } from '#test';
import { readEvents } from '../../results/events.ts';
import { LONGEST_GAP } from '../../results/names.ts';
import type { Result } from '../../results/schema.ts';
import { loadRun } from '../../results/store.ts';
import { HISTORY_FILE, readHistory } from '../workloads/records/history-file.ts';
import { rejudgeRecord } from '../workloads/records/recheck.ts';
import { chaos } from './chaos-command.ts';

const test = suite('zklab chaos');
const DEADLINE = { deadlineMs: 400_000 };

/** Longer than the test, because on a busy machine some time may pass between the kills. */
const WRITE_BACK_MS = 600_000;

const SHORT = `
description: a slow link to the observer, and a leader that is killed
topology: voters=3 observers=1
workload: { name: mixed, wildShare: 0.3 }
steps:
  - { fault: latency, select: { from: { role: observer }, to: { role: leader }, both: true }, latencyMs: 250, atMs: 200, forMs: 1500 }
  - { fault: kill, target: { role: leader }, atMs: 12000, forMs: 500 }
`;
/**
 * All members are down at the same time for a while, so writes that were acknowledged but not on disk are
 * lost.
 */
const OUTAGE = `
description: every voter is killed in the same moment
topology: voters=3
workload: { name: registers }
steps:
  - { fault: kill, target: { name: v1 }, atMs: 500, forMs: 4000 }
  - { fault: kill, target: { name: v2 }, atMs: 500, forMs: 4000 }
  - { fault: kill, target: { name: v3 }, atMs: 500, forMs: 4000 }
`;

/** As somebody else would: the process of v1, which the events name. */
function killOwn(runsRoot: string): void {
  const [id = ''] = readdirSync(runsRoot);
  const up = readEvents(join(runsRoot, id)).find(
    event => event.kind === 'member' && event.member === 'v1' && event.state === 'up',
  );
  process.kill((up as { pid: number }).pid, 'SIGKILL');
}

function prepared(schedule: string, onProgress: (text: string) => void = () => {}) {
  const [runsRoot, folder] = [temporaryFolder(), temporaryFolder()];
  const file = join(folder, 'schedule.yaml');
  writeFileSync(file, schedule);
  const printed: string[] = [];
  const terminal = {
    print: (text: string) => void printed.push(text),
    progress: onProgress,
    json: () => {},
    error: () => {},
    end: () => {},
  };
  const views = { report: async () => '<!doctype html>', table: ({ run }: Result) => run.id };
  const run = (more: { topology?: string; signal?: AbortSignal } = {}) =>
    chaos(terminal, views, file, { seed: 7, signal: new AbortController().signal, runsRoot, ...more });
  return { runsRoot, folder, printed, run };
}

test(
  'a schedule leaves a valid result with every fault proven and every checker satisfied, events, a history and logs',
  async () => {
    const { runsRoot, printed, run } = prepared(SHORT);
    const code = await run();
    const result = await loadRun('latest', runsRoot);
    assert.equal(result.validity, { void: false, reasons: [] });
    assert.is(code, 0, JSON.stringify(result.judgements));
    assert.equal(
      result.faults.map(({ fault, condition, bit }) => [fault, condition, bit]),
      [
        ['latency', 'latency at 0.2 s', true],
        ['kill', 'kill at 12 s', true],
      ],
    );
    const checkers = result.judgements?.map(({ checker }) => checker) ?? [];
    for (const name of ['acknowledged writes', 'write order', 'tree equality', 'liveness after heal'])
      assert.ok(checkers.includes(name), checkers.join());
    assert.ok(
      result.measurements.some(
        ({ metric, samples }) => metric === 'writeAfterHeal' && samples.length === 1,
      ) &&
        result.measurements.some(
          ({ metric, condition }) => metric === LONGEST_GAP && condition.endsWith(', writes at participant'),
        ),
    );
    const [timeline] = result.timelines;
    assert.is(timeline?.bands.length, 2);
    assert.ok(timeline!.bands[0]!.fromMs < timeline!.bands[1]!.fromMs);

    const folder = join(runsRoot, result.run.id);
    assert.equal(readdirSync(join(folder, 'logs')).sort(), ['o1.log', 'v1.log', 'v2.log', 'v3.log']);
    assert.ok(existsSync(join(folder, 'report.html')));
    assert.ok((await readHistory(join(folder, HISTORY_FILE))).some(({ type }) => type === 'ok'));
    assert.equal((await rejudgeRecord(folder, result)).judgements, result.judgements);
    const events = readEvents(folder);
    assert.is(events[0]?.kind, 'plan');
    const of = (kind: string) => events.filter(event => event.kind === kind).length;
    assert.equal([of('injected'), of('bitten'), of('healed')], [2, 2, 2]);
    assert.is(of('judgement'), checkers.length);
    assert.is(of('member') % 2, 0, 'every process that began has ended');
    const phases = events.flatMap(event => (event.kind === 'phase' ? [event.what] : []));
    assert.equal(
      phases.filter(what => ['calm', 'chaos', 'heal', 'convergence'].includes(what)),
      ['calm', 'chaos', 'heal', 'convergence'],
    );
    const links = readFileSync(join(folder, 'links.ndjson'), 'utf8').trimEnd().split('\n');
    const states = links.map(line => JSON.parse(line) as { after: string; links: Record<string, string> });
    assert.match(Object.values(states[0]!.links).join(), /latency latency=250/);
    assert.equal([states.at(-1)!.after, states.at(-1)!.links], ['the last heal', {}]);
    assert.match(printed.join('\n'), /result: .*result\.json\nreport: /);
  },
  DEADLINE,
);

test(
  'planted: members that acknowledge writes before they are on disk lose them, and the run fails',
  async () => {
    const { runsRoot, folder, run } = prepared(OUTAGE);
    const main = await bundled(fileURLToPath(new URL('../testing/forgetful-main.js', import.meta.url)));
    const topology = join(folder, 'forgetful.yaml');
    const implementation = `{ command: "${process.execPath} ${main} {cfg} ${WRITE_BACK_MS}" }`;
    const member = `{ implementation: ${implementation} }`;
    writeFileSync(topology, `name: forgetful\nmembers: [${member}, ${member}, ${member}]\n`);
    assert.is(await run({ topology }), 1);
    const { judgements = [] } = await loadRun('latest', runsRoot);
    assert.ok(
      judgements.some(({ checker, valid }) => checker === 'acknowledged writes' && valid === 'invalid'),
      JSON.stringify(judgements),
    );
  },
  DEADLINE,
);

test(
  'a target that the topology lacks is refused with its line, before anything starts',
  async () => {
    const { runsRoot, run } = prepared(OUTAGE.replace('name: v3', 'name: v4'));
    assert.match(
      await run().then(String, String),
      /schedule\.yaml:8: steps\.2\.target\.name: "v4" is nothing/,
    );
    assert.equal(readdirSync(runsRoot), []);
  },
  DEADLINE,
);

test(
  'a fault that finds no target when its time comes makes the run void',
  async () => {
    const { runsRoot, run } = prepared(OUTAGE.replace('{ name: v3 }', '{ role: looking }'));
    assert.is(await run(), 3);
    const { validity } = await loadRun('latest', runsRoot);
    assert.match(validity.reasons.join(), /kill could not be injected: \d members match/);
  },
  DEADLINE,
);

test(
  'a member that ends by itself is named within 2 s, ends the chaos, and fails the run',
  async () => {
    const { runsRoot, run } = prepared(SHORT, text => {
      if (text.includes('fault 1/2')) killOwn(runsRoot);
    });
    const startedAt = Date.now();
    assert.is(await run(), 1);
    const { judgements = [], validity, run: row } = await loadRun('latest', runsRoot);
    const died = judgements.find(({ checker }) => checker === 'members stay up');
    assert.match(died?.reasons.join() ?? '', /v1 ended by itself with signal SIGKILL/);
    assert.match(
      validity.unmeasured?.join() ?? '',
      /the phase of chaos is void: v1 ended .*1 of 2 faults were not injected/,
    );
    assert.ok(Date.now() - startedAt < 60_000);
    const events = readEvents(join(runsRoot, row.id));
    const down = events.find(event => event.kind === 'member' && event.state === 'down');
    const told = events.find(event => event.kind === 'note' && event.text.startsWith('v1 ended by itself'));
    assert.ok(told!.at - down!.at < 2_000, `${told!.at - down!.at} ms`);
  },
  DEADLINE,
);

test(
  'a fault of links is refused where members cannot be led through proxies, before anything starts',
  async () => {
    const { runsRoot, folder, run } = prepared(SHORT);
    const topology = join(folder, 'other.yaml');
    writeFileSync(topology, 'voters: 3\nobservers: 1\nimplementation: { command: "other-server {cfg}" }\n');
    const refusal = await run({ topology }).then(String, String);
    assert.match(
      refusal,
      /steps\.0: latency on topology voters=3 observers=1 .*: no proxies: only zklab's and Apache's servers/,
    );
    assert.equal(readdirSync(runsRoot), []);
  },
  DEADLINE,
);

test(
  'an interrupted run is not judged and not kept',
  async () => {
    const interruption = new AbortController();
    const { runsRoot, printed, run } = prepared(SHORT, () => interruption.abort());
    assert.is(await run({ signal: interruption.signal }), 3);
    assert.match(printed.join(), /interrupted: nothing was judged/);
    assert.equal(readdirSync(runsRoot), []);
  },
  DEADLINE,
);
