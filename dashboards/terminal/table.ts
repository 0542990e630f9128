import type { Claim, Judgement, Result } from '../../results/schema.ts';
import {
  familyText,
  mostDoubtfulFirst,
  type Standing,
  standingOf,
  worstFirst,
} from '../../results/verdicts.ts';
import { formatEstimate } from '../format.ts';
import { answerOf } from '../report/headline.ts';
import { VERDICT_OF } from '../report/judgements.ts';
import { noticesOf, remarksOf } from '../report/notices.ts';
import { counterexampleLines } from './counterexample.ts';
import { matrixLines } from './matrix.ts';
import { type Paint, painter, type Style } from './paint.ts';
import { wrap } from './wrap.ts';

const PLAIN_WIDTH = 100;
const WIDTH_MIN = 30;
const WIDTH_MAX = 120;
const VERDICT_WIDTH = 17;
const ID_WIDTH_MAX = 22;

const LOOKS: Readonly<Record<Standing, { mark: string; colour: Style }>> = {
  holds: { mark: '+', colour: 'green' },
  fails: { mark: 'x', colour: 'red' },
  'known failure': { mark: '-', colour: 'dim' },
  'not shown here': { mark: '~', colour: 'yellow' },
  void: { mark: '!', colour: 'magenta' },
};

export interface TerminalLook {
  readonly widthColumns: number;
  readonly colour: boolean;
}

/** Colour and width apply only on a terminal. NO_COLOR is respected (no-color.org: any value but empty). */
export function terminalLook(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): TerminalLook {
  if (stream.isTTY !== true) return { widthColumns: PLAIN_WIDTH, colour: false };
  const widthColumns = Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, stream.columns ?? PLAIN_WIDTH));
  return { widthColumns, colour: !env.NO_COLOR };
}

/** The answer, then the ledger of claims, worst first. Every line ends in a newline. */
export function ledgerTable(result: Result, look: TerminalLook): string {
  const paint = painter(look.colour);
  const answer = answerOf(result);
  const lines = wrap(answer.verdicts, look.widthColumns).map(line => paint('bold', line));
  for (const notice of noticesOf(result))
    lines.push(...wrap(notice, look.widthColumns).map(line => paint('yellow', line)));
  for (const remark of remarksOf(result)) lines.push(...wrap(remark, look.widthColumns));
  lines.push('');
  for (const { about, sentences } of answer.topics) {
    const said = sentences.map(({ claim, standing, text }) => `${text} (${claim} ${standing})`);
    lines.push(...wrap(`${about}: ${said.join(' ')}`, look.widthColumns));
  }
  lines.push('');
  lines.push(...matrixLines(result, look.widthColumns));
  const idWidth = Math.min(ID_WIDTH_MAX, Math.max(0, ...result.claims.map(claim => claim.id.length))) + 2;
  for (const claim of worstFirst(result.claims))
    lines.push(...claimLines(claim, idWidth, look.widthColumns, paint), '');
  const family = familyText(result.claims);
  if (family !== undefined) lines.push(...wrap(family, look.widthColumns).map(line => paint('dim', line)));
  for (const judgement of mostDoubtfulFirst(result.judgements ?? []))
    lines.push(...judgementLines(judgement, look.widthColumns, paint));
  return `${lines.join('\n').trimEnd()}\n`;
}

function claimLines(claim: Claim, idWidth: number, widthColumns: number, paint: Paint): string[] {
  const standing = standingOf(claim);
  const { mark, colour } = LOOKS[standing];
  const verdict = paint(colour, `${mark} ${standing}`.padEnd(VERDICT_WIDTH));
  const head = `${verdict}${claim.id.padEnd(idWidth)}`;
  const body = [
    // The finding has the number of the estimate, with its interval.
    ...(claim.estimate && claim.finding === undefined ? [formatEstimate(claim.estimate)] : []),
    claim.reason,
    ...(claim.known === undefined ? [] : [`known: ${claim.known}`]),
    ...claim.warnings.map(warning => `warning: ${warning}`),
  ];
  const indent = VERDICT_WIDTH + idWidth;
  if (widthColumns - indent < 40) {
    const inner = [claim.title, ...body].flatMap(text => wrap(text, widthColumns - 2));
    return [head.trimEnd(), ...inner.map(line => `  ${line}`)];
  }
  const [first = '', ...rest] = wrap(claim.title, widthColumns - indent);
  const below = body.flatMap(text => wrap(text, widthColumns - indent)).map(line => paint('dim', line));
  return [`${head}${first}`, ...[...rest, ...below].map(line => ' '.repeat(indent) + line)];
}

function judgementLines(
  { checker, valid, checked, reasons, notes = [], counterexample }: Judgement,
  widthColumns: number,
  paint: Paint,
): string[] {
  const { mark, colour } = LOOKS[VERDICT_OF[valid]];
  const [first = '', ...rest] = wrap(`${checker}: ${checked} compared`, widthColumns - VERDICT_WIDTH);
  const indent = ' '.repeat(VERDICT_WIDTH);
  const below = [...reasons, ...notes].flatMap(text => wrap(text, widthColumns - VERDICT_WIDTH));
  return [
    `${paint(colour, `${mark} ${valid}`.padEnd(VERDICT_WIDTH))}${first}`,
    ...rest.map(line => indent + line),
    ...below.map(line => indent + paint('dim', line)),
    ...(counterexample === undefined ? [] : counterexampleLines(counterexample, widthColumns)),
  ];
}
