/** What a matrix suite will do, with every default: for `--explain`, which starts nothing. */
import { stringify } from 'yaml';
import { aboutText, BEGIN_MS, ensembleMs, loadMs } from '../rounds/expected-time.ts';
import { effectiveSettings } from '../topology/zoo-cfg.ts';
import type { MatrixEnsemble, MatrixSuite } from './matrix-suite.ts';
import { labelOf } from './measure-window.ts';

export function expectedMs(suite: MatrixSuite): number {
  const { starts, rounds, warmupMs, settleMs, windowMs, cells, ensembles, budgetMs } = suite;
  const ofEnsemble = ({ topology, cells: own }: MatrixEnsemble) =>
    ensembleMs(topology) + new Set(own.map(({ workload }) => workload)).size * loadMs(0, warmupMs);
  const ofStart =
    ensembles.reduce((sum, each) => sum + ofEnsemble(each), 0) +
    rounds * cells.length * loadMs(settleMs, windowMs);
  return Math.min(BEGIN_MS + starts * ofStart, budgetMs ?? Number.POSITIVE_INFINITY);
}

/** The document of `--explain --json`. The terminal prints the same as YAML. */
export function explained(suite: MatrixSuite): object {
  const { name, reference, cells, ensembles, ...keys } = suite;
  const { include: _, ...written } = keys;
  return {
    suite: name,
    ...(reference !== name && { file: reference }),
    ...written,
    plan: {
      expectedSeconds: Math.round(expectedMs(suite) / 1000),
      membersAtOnce: ensembles.reduce((sum, { topology }) => sum + topology.members.length, 0),
      windowsPerCell: suite.starts * suite.rounds,
      ensembles: ensembles.map(({ label, topology, budget }) => ({
        label,
        topology: topology.shortForm,
        members: topology.members.map(({ name: member, role }) => `${member} ${role}`),
        ...(budget !== undefined && { budgetCores: budget }),
        settings: effectiveSettings(topology.members[0]!.settings),
      })),
      cells: cells.map(cell => ({
        id: cell.id,
        ensemble: ensembles.find(each => each.cells.some(({ id }) => id === cell.id))!.label,
        workload: cell.workload,
        condition: labelOf(cell),
        comparedWith: cells.some(({ id }) => id === cell.control) ? cell.control! : null,
        tags: [...cell.tags],
      })),
    },
  };
}

export function explainText(suite: MatrixSuite): string {
  const { cells, ensembles, starts, rounds, name, description } = suite;
  const members = ensembles.reduce((sum, { topology }) => sum + topology.members.length, 0);
  const head = [
    `${name}: ${description}`,
    `${counted(cells.length, 'cell')} on ${counted(ensembles.length, 'ensemble')} (${members} members at the same time), ` +
      `${counted(starts, 'start')} of ${counted(rounds, 'round')}: ${aboutText(expectedMs(suite))}. Nothing was started.`,
  ];
  return `${head.map(line => `# ${line}\n`).join('')}${stringify(explained(suite), { lineWidth: 110 })}`;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
