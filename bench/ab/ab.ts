/** `zklab bench ab`: any two servers, builds, revisions or settings, under the same load in one run. */
import type { ExitCode } from '../../results/verdicts.ts';
import { makeTemporaryFolder } from '../hosts/temporary-folder.ts';
import { type CompareOptions, compareServers } from '../peer/compare-servers.ts';
import { PEER_METRICS } from '../peer/metrics.ts';
import { PEER_LIMITS } from '../peer/peer-limits.ts';
import { measuring, PEER_INPUTS, PEER_LOAD_TEXT, PEER_WORKLOAD } from '../peer/peer-round.ts';
import type { Terminal } from '../terminal.ts';
import { contestantOf, settingsOf, TLS_SAID } from './contestant.ts';

export interface AbOptions extends CompareOptions {
  readonly a: string;
  readonly b: string;
  readonly aSet: readonly string[];
  readonly bSet: readonly string[];
  /** Members of this side speak TLS to each other. */
  readonly aTls?: boolean;
  readonly bTls?: boolean;
  readonly topology: string;
  /** A ratio whose interval is within so many percent of 1 counts as no difference. */
  readonly margin: number;
}

/**
 * The same build differed from itself by 2 % in one start and by 20 % in the next, far outside the interval
 * that the rounds of either gave. So a start is the sample. It has two rounds, and each server begins one of
 * them.
 */
const ROUNDS_PER_START = 2;

/** The exit code is 3 when a round does not count. @throws UsageError, EnsembleError */
export async function benchAb(terminal: Terminal, options: AbOptions): Promise<ExitCode> {
  const { a, b, aSet, bSet, topology, margin, seconds } = options;
  const temporary = makeTemporaryFolder('ab');
  const onBuild = (what: string) => terminal.progress(what);
  const at = { topology, folder: temporary.path, onBuild };
  try {
    const side = (name: 'a' | 'b', server: string, set: readonly string[], tls = false) =>
      contestantOf({ ...at, name, server, settings: settingsOf(name, set), tls });
    const second = await side('a', a, aSet, options.aTls);
    const first = await side('b', b, bSet, options.bTls);
    const comparison = {
      name: 'ab',
      commandLine: commandLineOf(options),
      load: PEER_LOAD_TEXT,
      seed: PEER_WORKLOAD.seed,
      metrics: PEER_METRICS,
      inputs: {
        ...JSON.parse(JSON.stringify(PEER_INPUTS)),
        ...{ a: inputOf(a, aSet, options.aTls), b: inputOf(b, bSet, options.bTls), topology },
      },
      limits: PEER_LIMITS,
      contestants: { first, second },
      marginShare: margin / 100,
      roundsPerStart: ROUNDS_PER_START,
      ...measuring(seconds),
    };
    return await compareServers(terminal, comparison, options);
  } finally {
    temporary.remove();
  }
}

function inputOf(server: string, set: readonly string[], tls = false): string {
  return [server, ...set, ...(tls ? [TLS_SAID] : [])].join(' ');
}

/** The command line that repeats this run. */
function commandLineOf(options: AbOptions): string {
  const { a, b, aSet, bSet, aTls, bTls, topology, margin, rounds, seconds } = options;
  return [
    `zklab bench ab --a ${a} --b ${b}`,
    ...aSet.map(word => `--a-set ${word}`),
    ...bSet.map(word => `--b-set ${word}`),
    ...(aTls ? ['--a-tls'] : []),
    ...(bTls ? ['--b-tls'] : []),
    `--topology "${topology}" --rounds ${rounds} --seconds ${seconds} --margin ${margin}`,
  ].join(' ');
}
