import * as Plot from '@observablehq/plot';
import { formatNumber } from '../../format.ts';
import { firstCommitMs, medianRound } from '../../rounds.ts';
import { STAGES, stagesOf } from '../../stages.ts';
import { GRID } from '../palette.ts';
import { type Chart, FONT } from './chart.ts';

const LABELLED_LEARNERS_MAX = 48;
const HEIGHT_MAX_PX = 900;

/**
 * From the loss of the leader to serving, a bar per learner; the first to serve is on top. Key: topology,
 * tab, condition.
 */
export const waterfall: Chart = ({ result }, key, widthPx) => {
  const [topology, condition] = key.split('\t');
  const all = result.syncs.filter(sync => sync.condition === condition);
  const rows = medianRound(all.filter(sync => sync.topology === topology));
  if (rows.length === 0) return null;
  const stages = rows.flatMap(sync =>
    stagesOf(sync.marks).map(stage => ({ ...stage, sync, learner: sync.learner })),
  );
  const drawn = [...new Set(all.map(sync => sync.topology))].map(name =>
    medianRound(all.filter(sync => sync.topology === name)),
  );
  const ends = [
    ...drawn.flat().flatMap(sync => stagesOf(sync.marks).map(stage => stage.toMs)),
    ...drawn.flatMap(round => firstCommitMs(result, round) ?? []),
  ];
  const commits = [firstCommitMs(result, rows)].filter(ms => ms !== undefined);
  const labelled = rows.length <= LABELLED_LEARNERS_MAX;
  const rowPx = Math.max(3, Math.min(24, HEIGHT_MAX_PX / rows.length));
  return Plot.plot({
    width: widthPx,
    height: rows.length * rowPx + 66,
    marginLeft: labelled ? 98 : 14,
    marginRight: labelled ? 54 : 14,
    marginTop: 24,
    marginBottom: 36,
    style: FONT,
    x: {
      label: 'ms since the leader was lost',
      domain: [0, Math.max(1, ...ends)],
      ticks: 4,
      tickFormat: formatNumber,
    },
    y: { domain: rows.map(sync => sync.learner), label: null, tickSize: 0, axis: labelled ? 'left' : null },
    color: {
      domain: STAGES.map(stage => stage.title),
      range: STAGES.map((_, index) => `var(--stage-${index})`),
    },
    ariaLabel: `time until each learner of ${topology} serves again`,
    marks: [
      Plot.gridX({ stroke: GRID, strokeOpacity: 1, ticks: 4 }),
      Plot.rect(stages, {
        x1: 'fromMs',
        x2: 'toMs',
        y: 'learner',
        fill: 'title',
        insetTop: 2,
        insetBottom: 2,
        insetRight: 0.5,
      }),
      Plot.ruleX(commits, { stroke: 'var(--ink)', strokeWidth: 1.5, insetTop: -6 }),
      Plot.text(commits, {
        x: ms => ms,
        text: ms => `first commit ${formatNumber(ms)} ms`,
        frameAnchor: 'top',
        dy: -15,
        fontWeight: 600,
      }),
      labelled
        ? Plot.text(rows, {
            y: 'learner',
            text: 'mode',
            frameAnchor: 'right',
            textAnchor: 'start',
            dx: 8,
            fill: 'var(--soft)',
          })
        : null,
      Plot.tip(
        stages,
        Plot.pointer({
          x: stage => (stage.fromMs + stage.toMs) / 2,
          y: 'learner',
          title: stage =>
            `${stage.learner} (${stage.sync.role}, ${stage.sync.mode ?? 'mode unknown'}${
              stage.sync.syncedWith === undefined ? '' : ` from ${stage.sync.syncedWith}`
            })\n${stage.title}: ${formatNumber(stage.toMs - stage.fromMs)} ms, to ${formatNumber(stage.toMs)} ms`,
          fill: 'var(--paper)',
        }),
      ),
    ],
  });
};
