import { versionOf } from '../../checkers/configuration-text.ts';
import type { HistoryEvent } from '../../checkers/history.ts';
import type { World } from '../world.ts';

/** Compares what the operator was told with what is in force. */
export function judgeConfigs({ marks, configs }: World, history: readonly HistoryEvent[]): void {
  const answers = history.filter(({ f, type }) => f === 'reconfig' && type !== 'invoke');
  const acknowledged = answers.flatMap(({ type, value }) =>
    type === 'ok' && typeof value === 'string' ? [{ version: versionOf(value), text: value }] : [],
  );
  configs.judge(acknowledged);
  marks.reach('config: changed', acknowledged.length);
  marks.reach('config: refused', answers.filter(({ type }) => type === 'fail').length);
  marks.reach('config: outcome unknown', answers.filter(({ type }) => type === 'info').length);
}
