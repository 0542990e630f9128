/** What a night found, in sentences that all of its views share. */
import type { Finding, Night } from '../../results/night.ts';

const KEY_CHARACTERS_MAX = 160;

export const MARKS: Readonly<Record<Finding['status'], string>> = {
  new: 'NEW',
  still: 'still',
  known: 'known',
};

export function findingText({ key, status, since, isConfirmed, seen, known }: Finding): string {
  const when = status === 'still' ? ` since ${since.slice(0, 10)}` : '';
  const rate = seen === undefined ? '' : `, ${seen.failed} of ${seen.of} times`;
  const doubt = isConfirmed ? '' : seen === undefined ? ', not run again' : ', did not come again';
  const why = known === undefined ? '' : ` (${known})`;
  return `${MARKS[status]}${when}: ${short(key)}${rate}${doubt}${why}`;
}

/** One line for a chat: how it went, and what is news. */
export function chatLine(night: Night): string {
  const { findings, mended, parts, exitCode, commit } = night;
  const of = (status: Finding['status']) => findings.filter(each => each.status === status);
  const words = { 0: 'green', 1: 'RED', 3: 'void' } as const;
  const verdict = words[exitCode as keyof typeof words] ?? 'void';
  const counts = [
    `${of('new').length} new`,
    `${of('still').length} still failing`,
    `${of('known').length} known`,
    ...(mended.length > 0 ? [`${mended.length} mended`] : []),
  ].join(', ');
  const ran = parts.map(({ part, outcome }) => `${part} ${outcome}`).join(', ');
  const [first] = of('new');
  const silent = parts.find(({ outcome }) => outcome === 'void');
  const doubt = silent === undefined ? '' : `; ${silent.part}: ${short(silent.text)}`;
  const news = first === undefined ? doubt : `; first: ${short(first.key)}`;
  const at = commit === undefined ? '' : ` at ${commit.slice(0, 9)}`;
  return `zklab night ${night.startedAt.slice(0, 10)}${at}: ${verdict} (${counts}; ${ran})${news}`;
}

function short(text: string): string {
  return text.length > KEY_CHARACTERS_MAX ? `${text.slice(0, KEY_CHARACTERS_MAX - 1)}…` : text;
}
