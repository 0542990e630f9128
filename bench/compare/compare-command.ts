/** `zklab compare`: reads the runs, compares them, applies the gate, and writes each form of the answer. */
import { writeFile } from 'node:fs/promises';
import {
  COMPARISON_SCHEMA_VERSION,
  type ComparisonDocument,
  comparisonExitCode,
  gateExitCode,
} from '../../results/comparison.ts';
import { EXIT_CODES, type ExitCode } from '../../results/verdicts.ts';
import { LEVEL } from '../claims/claim.ts';
import type { CommandContext } from '../command-line.ts';
import { UsageError } from '../usage-error.ts';
import { applyGate, refuseUnknownNames } from './apply-gate.ts';
import { chooseSides } from './choose-sides.ts';
import { compareSides } from './compare-sides.ts';
import { type Gate, joinedGate, readGate, requiringGate } from './gate.ts';
import type { Side } from './side.ts';

export interface CompareOptions {
  readonly pool?: boolean;
  readonly anyway?: boolean;
  readonly gate?: string;
  readonly require?: readonly string[];
  readonly all?: boolean;
  readonly json?: boolean;
  readonly markdown?: string;
  readonly junit?: string;
  readonly html?: string;
}

/** Stands for standard output where a file is expected. */
const STDOUT = '-';

/** @throws UsageError, StoreError */
export async function compareCommand(
  context: Pick<CommandContext, 'out' | 'comparisonViews'>,
  references: readonly string[],
  options: CompareOptions,
  root?: string,
): Promise<ExitCode> {
  refuseClashes(options);
  const gate = chosenGate(options);
  const sides = await chooseSides(references, options.pool ?? false, root);
  const document = compareAll(sides, gate, options.anyway ?? false);
  await answer(context, document, options);
  return document.exitCode as ExitCode;
}

/** The first side against each of the others. */
export function compareAll(
  sides: readonly Side[],
  gate: Gate | undefined,
  anyway: boolean,
): ComparisonDocument {
  const [first, ...others] = sides;
  const compared = others.map(other => compareSides(first!, other, anyway));
  const comparisons = compared.map(({ comparison }) => comparison);
  if (gate !== undefined)
    refuseUnknownNames(
      gate,
      sides.flatMap(({ runs }) => runs.flatMap(({ measurements }) => measurements)),
    );
  const items = gate === undefined ? undefined : compared.map(each => applyGate(gate, each));
  return {
    schemaVersion: COMPARISON_SCHEMA_VERSION,
    level: LEVEL,
    comparisons,
    gate: gate === undefined || items === undefined ? null : { source: gate.source, items },
    exitCode: items === undefined ? comparisonExitCode(comparisons) : worst(items.map(gateExitCode)),
  };
}

/** A failure decides, even if other things could not be judged. */
function worst(codes: readonly ExitCode[]): ExitCode {
  return (
    [EXIT_CODES.failed, EXIT_CODES.void].find(code => codes.some(each => each === code)) ?? EXIT_CODES.holds
  );
}

function refuseClashes({ json, markdown, junit, html, gate, require }: CompareOptions): void {
  const printed = [
    ...(json === true ? ['--json'] : []),
    ...(markdown === STDOUT ? ['--markdown -'] : []),
    ...(junit === STDOUT ? ['--junit -'] : []),
  ];
  if (printed.length > 1)
    throw new UsageError(`${printed.join(' and ')} both write to standard output; one of them is accepted`);
  if (html === STDOUT) throw new UsageError('--html -: accepted is the name of a file');
  if (junit !== undefined && gate === undefined && require === undefined)
    throw new UsageError(
      '--junit writes a test case for each rule of a gate, so it needs --gate or --require; "--gate default" is the gate of the project',
    );
}

function chosenGate({ gate, require }: CompareOptions): Gate | undefined {
  const requiring = require === undefined ? undefined : requiringGate(require);
  if (gate === undefined) return requiring;
  return requiring === undefined ? readGate(gate) : joinedGate(readGate(gate), requiring);
}

async function answer(
  { out, comparisonViews }: Pick<CommandContext, 'out' | 'comparisonViews'>,
  document: ComparisonDocument,
  { json, markdown, junit, html, all }: CompareOptions,
): Promise<void> {
  const views = await comparisonViews();
  const forms = [
    ['--markdown', markdown, () => views.markdown(document)],
    ['--junit', junit, () => views.junit(document)],
    ['--html', html, () => views.html(document)],
  ] as const;
  let isPrinted = json === true;
  for (const [option, file, render] of forms) {
    if (file === undefined) continue;
    const text = await render();
    if (file === STDOUT) {
      out.print(text);
      isPrinted = true;
      continue;
    }
    await writeFile(file, text).catch((error: Error) => {
      throw new UsageError(`${option}: ${file} cannot be written: ${error.message}`);
    });
  }
  if (json === true) out.json(document);
  else if (!isPrinted) out.print(views.text(document, all ?? false));
}
