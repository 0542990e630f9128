/** A load that is longer than one history: chapters follow each other, and each is judged. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { assert, suite, temporaryFolder, until } from '#test';
import { Ensemble } from '../../../bench/topology/ensemble.ts';
import { planEnsemble } from '../../../bench/topology/plan.ts';
import { readTopology } from '../../../bench/topology/read-topology.ts';
import { CHECKERS } from '../../checkers/index.ts';
import type { Judgement } from '../../checkers/judgement.ts';
import { mixed } from '../mixed.ts';
import { acrossChapters, judgeRecord } from '../records/judge-record.ts';
import { complaintsOf, judgeWorkload } from '../records/judge-workload.ts';
import { hasRecord, readRecord } from '../records/kept-record.ts';
import { chapterFolder } from './chapter.ts';
import { LiveWorkload, prepareNodes } from './live-workload.ts';

const test = suite('workloads: chapters');
const MAX_MS = 60_000;
const EVENTS = 600;
const CHAPTERS = 4;

test(
  'a long load goes over into further chapters, also through a kill; all are judged, from disk, with all checkers',
  async () => {
    const ensemble = await Ensemble.start(await planEnsemble(readTopology('voters=3'), temporaryFolder()));
    const folder = temporaryFolder();
    const options = { thinkMs: [0.5, 2], wildShare: 0.6 };
    await prepareNodes(ensemble.directConnectString(), mixed, options);
    const servers = ensemble.members.map(({ plan }) => plan.ports.client);
    const load = new LiveWorkload(mixed, { servers, seed: '7', folder, chapterEventsMax: EVENTS }, options);
    try {
      const chapter = (number: number) =>
        until(() => load.chapters.length >= number, { deadlineMs: MAX_MS, what: `chapter ${number}` });
      await chapter(2);
      const leader = await ensemble.leaderWithin();
      await leader.process.kill();
      leader.start();
      await chapter(CHAPTERS);
      await ensemble.ready();
      await load.stop(MAX_MS);
      const { chapters } = load;
      assert.equal(
        chapters.map(({ isPutAway }) => isPutAway),
        chapters.map((_, at) => at < chapters.length - 1),
        'only the last one is in memory',
      );
      const judgements = await judgeWorkload(ensemble, load, MAX_MS);
      assert.equal(complaintsOf(judgements), []);
      assert.is(load.problem, undefined);
      for (const name of ['model agreement', 'watches', 'linearizability', 'acknowledged writes'])
        assert.ok((judgements.find(({ checker }) => checker === name)?.checked ?? 0) > EVENTS / 10, name);

      const again: Judgement[][] = [];
      for (const { number } of chapters) {
        const { record, about } = await readRecord(chapterFolder(folder, number));
        assert.ok(record.transactions?.length, `chapter ${number} has its transactions`);
        again.push(judgeRecord(record, about));
      }
      assert.equal(acrossChapters(again), judgements);
      assert.not(hasRecord(join(folder, `chapter-${chapters.length + 1}`)));

      // Planted: a write of the second chapter is gone in the end, and one of its watch events is lost.
      const { record, about } = await readRecord(chapterFolder(folder, 2));
      const lost = record.finalTrees?.map(tree => new Map([...tree.keys()].map(path => [path, undefined])));
      const bad = { ...record, ...(lost && { finalTrees: lost }) };
      const found = acrossChapters([again[0]!, judgeRecord(bad, about), ...again.slice(2)]);
      const wrong = found.filter(({ valid }) => valid === 'invalid');
      assert.equal(
        wrong.map(({ checker }) => checker),
        ['acknowledged writes'],
      );
      assert.match(wrong[0]!.reasons[0] ?? '', /^chapter 2: /);
      assert.ok(CHECKERS.some(({ name }) => name === wrong[0]!.checker));
      assert.ok(existsSync(folder));
    } finally {
      await load.stop(0);
      await ensemble.stop();
    }
  },
  { deadlineMs: 300_000 },
);
