/** What the terminal and the page say about two servers and where they differ. */
import { DIVERGENCE_KINDS, type Divergence, type DivergenceKind } from '../../results/divergences.ts';
import type { Result } from '../../results/schema.ts';

export interface DivergencePair {
  readonly a: Result;
  readonly b: Result;
  readonly divergences: readonly Divergence[];
}

/** `zklab 0.1.0`, and the run where both are the same server. */
export function sideNames({ a, b }: DivergencePair): { readonly a: string; readonly b: string } {
  const name = ({ environment: { server } }: Result) => `${server.implementation} ${server.version}`;
  const named = (side: Result) => (name(a) === name(b) ? `${name(side)}, ${side.run.id}` : name(side));
  return { a: named(a), b: named(b) };
}

/** How often each kind occurs, in a sentence. */
export function summaryText(pair: DivergencePair): string {
  const names = sideNames(pair);
  const count = (kind: DivergenceKind) => pair.divergences.filter(each => each.kind === kind).length;
  return (
    `${pair.divergences.length} claims: ${count('opposite')} hold on one and fail on the other, ${count('only a decides')} decided on ${names.a} alone, ` +
    `${count('only b decides')} on ${names.b} alone, ${count('same')} alike on both, ${count('neither')} on neither.`
  );
}

/** Kinds that occur, the news first, with their headings. */
export function sections(
  pair: DivergencePair,
): { readonly kind: DivergenceKind; readonly title: string; readonly rows: readonly Divergence[] }[] {
  const names = sideNames(pair);
  const titles: Readonly<Record<DivergenceKind, string>> = {
    opposite: 'Opposite verdicts',
    'only a decides': `Decided on ${names.a} alone`,
    'only b decides': `Decided on ${names.b} alone`,
    same: 'Alike on both',
    neither: 'Decided on neither',
  };
  return DIVERGENCE_KINDS.flatMap(kind => {
    const rows = pair.divergences.filter(each => each.kind === kind);
    return rows.length === 0 ? [] : [{ kind, title: titles[kind], rows }];
  });
}

/** What a reader must know before the table: void runs, and other suites. */
export function notices({ a, b }: DivergencePair): string[] {
  const ofRun = ({ run, validity, environment }: Result) =>
    validity.void || validity.interrupted !== undefined
      ? [
          `The run of ${environment.server.implementation}, ${run.id}, does not count: ${validity.interrupted === undefined ? validity.reasons.join('; ') : `it was interrupted ${validity.interrupted}`}.`,
        ]
      : [];
  return [
    ...ofRun(a),
    ...ofRun(b),
    ...(a.run.suite === b.run.suite
      ? []
      : [
          `The runs are of different suites, ${a.run.suite} and ${b.run.suite}: their claims may be about other topologies.`,
        ]),
  ];
}
