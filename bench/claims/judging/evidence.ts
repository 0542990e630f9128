/** A result as judges see it: series by round, exact counts, and why rounds do not count. */
import type { Availability, Measurement, Result, Topology, Verdict } from '../../../results/schema.ts';

/** Prefix of a warning about a round that was measured but does not count. */
export const VOID_ROUND = 'void round';

export interface Series {
  readonly id: string;
  readonly unit: string;
  readonly byRound: ReadonlyMap<number, Sample>;
  readonly values: readonly number[];
  readonly median: number;
  /** Why rounds do not count, one text for each. */
  readonly voidRounds: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

export interface Sample {
  readonly value: number;
  /** The fresh ensemble that it was measured on. A run that starts its ensembles once has one. */
  readonly start: number;
}

export class Evidence {
  readonly result: Pick<
    Result,
    'topologies' | 'measurements' | 'availability' | 'faults' | 'environment' | 'machineUse' | 'deaths'
  > & {
    /** The suite of the run, which a command that repeats it names. */
    readonly suite: string;
  };

  /** Those of the suite, or those that one experiment started itself. */
  readonly topologies: readonly Topology[];

  constructor(result: Evidence['result'], experiment?: string) {
    this.result = result;
    this.topologies = result.topologies.filter(topology => topology.experiment === experiment);
  }

  /**
   * The ensembles on direct links and within equal CPU budgets. Where no experiment started them, those of
   * the suite take their place.
   */
  get roles(): Evidence {
    const roles = new Evidence(this.result, 'roles');
    return roles.topologies.length > 0 ? roles : this;
  }

  /** The ensembles in which clients were measured by the member that they are connected to. */
  get clients(): Evidence {
    return new Evidence(this.result, 'clients');
  }

  /** Topologies without observers, the plainest first. */
  get votersOnly(): Topology[] {
    return this.topologies.filter(topology => observersOf(topology) === 0);
  }

  /** Topologies with observers connected to the leader. */
  get withObservers(): Topology[] {
    return this.topologies.filter(topology => observersOf(topology) > 0 && !hasMasters(topology));
  }

  get withMasters(): Topology[] {
    return this.topologies.filter(hasMasters);
  }

  /**
   * As many processes in other roles: on one side all of them vote, on the other some observe. What processes
   * cost each other on shared cores is on both sides alike.
   */
  get equalProcesses(): { voting: Topology; observing: Topology }[] {
    return this.withObservers.flatMap(observing => {
      const voting = this.votersOnly.find(({ members }) => members.length === observing.members.length);
      return voting === undefined ? [] : [{ voting, observing }];
    });
  }

  /** The same members without and with masters, and the voters alone. */
  get mastersPairs(): { voters: Topology | undefined; observers: Topology; masters: Topology }[] {
    return this.withObservers.flatMap(observers => {
      const masters = this.withMasters.find(
        other => votersOf(other) === votersOf(observers) && observersOf(other) === observersOf(observers),
      );
      return masters === undefined ? [] : [{ voters: this.votersLike(observers), observers, masters }];
    });
  }

  /** The topology without observers that has as many voters. */
  votersLike(topology: Topology): Topology | undefined {
    return this.votersOnly.find(other => other.members.length === votersOf(topology));
  }

  /** Undefined when it was not measured at all, not even in a void round. */
  series(metric: string, topology: Topology | undefined, condition: string): Series | undefined {
    const found = this.result.measurements.find(
      item => item.metric === metric && item.topology === topology?.name && item.condition === condition,
    );
    return found && seriesOf(found);
  }

  availability(condition: string): Availability[] {
    return this.result.availability.filter(row => row.condition === condition);
  }
}

export function observersOf({ members }: Topology): number {
  return members.filter(({ role }) => role === 'observer').length;
}

export function votersOf({ members }: Topology): number {
  return members.filter(({ role }) => role === 'voter').length;
}

/** `3 voters and 2 observers`, `3 voters and 2 observers behind masters` */
export function membersText(topology: Topology): string {
  const voters = counted(votersOf(topology), 'voter');
  if (observersOf(topology) === 0) return voters;
  const observers = counted(observersOf(topology), 'observer');
  return `${voters} and ${observers}${hasMasters(topology) ? ' behind observer masters' : ''}`;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

export function hasMasters(topology: Topology): boolean {
  return observersOf(topology) > 0 && topology.members.some(({ observerMaster }) => observerMaster);
}

function seriesOf(item: Measurement): Series {
  return {
    id: item.id,
    unit: item.unit,
    byRound: new Map(item.samples.map(({ round, value, start = 0 }) => [round, { value, start }])),
    values: item.samples.map(({ value }) => value),
    median: item.summary.median ?? Number.NaN,
    voidRounds: item.summary.warnings.filter(warning => warning.startsWith(VOID_ROUND)),
    counts: item.exactCounts ?? {},
  };
}

/** A round that both series have. */
export interface PairedRound {
  readonly round: number;
  readonly start: number;
  readonly a: number;
  readonly b: number;
}

/** In the order of rounds. Two samples of one round are a pair only if they belong to the same start. */
export function paired(a: Series, b: Series): PairedRound[] {
  return [...a.byRound]
    .flatMap(([round, { value, start }]) => {
      const other = b.byRound.get(round);
      return other?.start === start ? [{ round, start, a: value, b: other.value }] : [];
    })
    .sort((x, y) => x.round - y.round);
}

/** A judgement without a comparison. */
export interface Unfit {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly evidence: readonly string[];
}

/**
 * Why these series cannot be judged: not measured, or more rounds void than not. Undefined when they can.
 * @param wanted what a reader would look for, in words, beside what was found
 */
export function unfit(
  wanted: readonly (readonly [what: string, series: Series | undefined])[],
): Unfit | undefined {
  const evidence = wanted.flatMap(([, series]) => series?.id ?? []);
  const missing = wanted.filter(([, series]) => series === undefined).map(([what]) => what);
  if (missing.length > 0)
    return {
      verdict: 'not shown here',
      reason: `This run did not measure ${missing.join(' and ')}.`,
      evidence,
    };
  for (const [what, series] of wanted) {
    const { values, voidRounds } = series!;
    if (values.length > voidRounds.length) continue;
    const of = values.length + voidRounds.length;
    const first =
      voidRounds[0]?.replace(of === 1 ? /^void round \d+: / : 'void ', '') ?? 'there is no sample';
    const rounds = of === 1 ? 'The only round' : `${voidRounds.length} of ${of} rounds`;
    const reason = `${rounds} of ${what} ${of === 1 ? 'is' : 'are'} void: ${first}.`;
    return { verdict: 'void', reason, evidence };
  }
  return undefined;
}

/** Warnings about rounds that were left out of a judgement. */
export function leftOut(...series: readonly Series[]): string[] {
  return series.flatMap(({ id, values, voidRounds }) =>
    voidRounds.length === 0
      ? []
      : [
          `${id}: ${voidRounds.length} of ${values.length + voidRounds.length} rounds left out, ${voidRounds[0]}`,
        ],
  );
}
